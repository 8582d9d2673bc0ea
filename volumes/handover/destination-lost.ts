import type { PersistentVolumeClaim } from '../../api/kubernetes/core.ts';

/** Returns why a claim cannot receive the data although its name is right; `undefined` if it can. */
export function destinationLost(
  key: string,
  claim: PersistentVolumeClaim | undefined,
  wantedUID: string | undefined,
): string | undefined {
  if (claim === undefined || claim.metadata.deletionTimestamp !== undefined)
    return `PersistentVolumeClaim ${key} was deleted before it got its volume; create it, then restore again`;
  const { uid = '' } = claim.metadata;
  if (wantedUID === undefined || wantedUID === uid) return undefined;
  return `PersistentVolumeClaim ${key} was deleted and created again before it got its volume (uid ${wantedUID}, now ${uid}); restore again`;
}

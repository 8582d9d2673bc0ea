import { GROUP, labels, MANAGED_BY } from './keys.ts';

/**
 * Labels and annotations of a PersistentVolume that say something about the data, and so go with it to another volume.
 *
 * Those of Kubernetes, of Velero, of the storage driver and of this project speak of that one volume: the zone it lies in,
 * who provisioned it, which claim it was restored for. On another volume they would be wrong, and some are obeyed.
 * Records may be written by hand, so a restore asks here too.
 */
export function ownersKeys(
  all: Readonly<Record<string, string>> | undefined,
  driver?: string,
): Record<string, string> {
  const own = Object.entries(all ?? {}).filter(
    ([key, value]) => !isReserved(key, driver) && !isOurMark(key, value) && value.length <= MAX_CARRIED_VALUE,
  );
  return Object.fromEntries(own);
}

/** Longer values would make records too large to be stored; nothing that people write on volumes comes near. */
export const MAX_CARRIED_VALUE = 4096;

/** All annotations of an object together are bounded by Kubernetes (256 KiB); what storage writes on the volume needs room too. */
export const MAX_CARRIED = 192 * 1024;

/** Of the reserved domains, the ones that people use for their own words. */
const FREE = ['app.kubernetes.io'];
const RESERVED = ['kubernetes.io', 'k8s.io', 'velero.io', GROUP];

/** It marks what this project made for itself. */
function isOurMark(key: string, value: string): boolean {
  return key === labels.managedBy && value === MANAGED_BY;
}

function isReserved(key: string, driver: string | undefined): boolean {
  const slash = key.indexOf('/');
  // Labels without a prefix belong to people.
  if (slash < 0) return false;
  const domain = key.slice(0, slash);
  if (FREE.includes(domain)) return false;
  const owners = driver === undefined ? RESERVED : [...RESERVED, driver];
  return domain.startsWith('topology.') || owners.some((owner) => isWithin(domain, owner));
}

function isWithin(domain: string, owner: string): boolean {
  return domain === owner || domain.endsWith(`.${owner}`);
}

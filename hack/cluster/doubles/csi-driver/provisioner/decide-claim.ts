import type { PersistentVolumeClaim, StorageClass } from '../../../../../api/kubernetes/core.ts';
import { SELECTED_NODE, STORAGE_PROVISIONER } from './annotations.ts';

/** The provisioner's decision about a claim, before it looks up other objects. */
export type ClaimDecision =
  | { act: 'ignore'; why: string }
  /** The user must change the claim. Reported in an Event and retried with back-off. */
  | { act: 'refuse'; message: string }
  | { act: 'provision' };

interface Question {
  claim: PersistentVolumeClaim;
  annotations: Readonly<Record<string, string>>;
  storageClass: StorageClass | undefined;
  driverName: string;
}

/** Reasons why this provisioner does not handle a claim, or not yet, in the order of their checks. */
const REASONS_TO_IGNORE: readonly (readonly [string, (question: Question) => boolean])[] = [
  ['it is being deleted', ({ claim }) => claim.metadata.deletionTimestamp !== undefined],
  // Such a claim waits for that volume; users also prevent provisioning this way.
  ['it names its volume', ({ claim }) => (claim.spec.volumeName ?? '') !== ''],
  [
    'it is not given to this provisioner',
    ({ annotations, driverName }) => annotations[STORAGE_PROVISIONER] !== driverName,
  ],
  ['its StorageClass does not exist', ({ storageClass }) => storageClass === undefined],
  [
    'its StorageClass has another provisioner',
    ({ storageClass, driverName }) => storageClass?.provisioner !== driverName,
  ],
  [
    'it waits for its first consumer',
    ({ storageClass, annotations }) =>
      storageClass?.volumeBindingMode === 'WaitForFirstConsumer' && annotations[SELECTED_NODE] === undefined,
  ],
];

/** Decides as external-provisioner does. `storageClass` is absent if the claim's class does not exist. */
export function decideClaim(
  claim: PersistentVolumeClaim,
  storageClass: StorageClass | undefined,
  driverName: string,
): ClaimDecision {
  const question = { claim, annotations: claim.metadata.annotations ?? {}, storageClass, driverName };
  const ignored = REASONS_TO_IGNORE.find(([, applies]) => applies(question));
  if (ignored !== undefined) return { act: 'ignore', why: ignored[0] };
  if (claim.spec.selector !== undefined) return { act: 'refuse', message: 'claim Selector is not supported' };
  if (claim.spec.volumeMode === 'Block') {
    return { act: 'refuse', message: 'volumeMode Block is not supported by this driver' };
  }
  return { act: 'provision' };
}

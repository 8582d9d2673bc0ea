import {
  persistentVolumeClaims,
  persistentVolumes,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from '../../api/kubernetes/core.ts';
import { annotations, labels } from '../../api/common/keys.ts';
import { EXCLUDED, NOT_EXCLUDED } from '../../api/common/own-labels.ts';
import { ownersKeys } from '../../api/common/owned-keys.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { done, failed, waiting, type StepResult } from '../../lifecycle/request/step.ts';
import { misfit } from './volume-fit.ts';
import { selectedLabels } from './selected-labels.ts';
import { destinationLost } from './destination-lost.ts';
import { annotateReplacedBy } from './parked-volume.ts';

/**
 * Gives the volume of the staging claim to the destination claim, without copying data.
 *
 * Each pass reads the current state and takes the next step, so a crash only delays it. The order keeps the volume safe: before
 * the staging claim is deleted, the PersistentVolume records its new owner and final state, and its policy is Retain, so
 * neither Kubernetes nor the storage deletes it while it has no claim.
 */
export interface HandOver {
  client: KubeClient;
  /** Name of the PersistentVolume. */
  volumeName: string;
  /** State in the cache. */
  volume: PersistentVolume | undefined;
  staging: PersistentVolumeClaim | undefined;
  destination: PersistentVolumeClaim | undefined;
  /** `namespace/name` of the destination, for messages. */
  destinationKey: string;
  /** The uid of the claim that the volume was created for; another claim with its name does not get it. */
  destinationUID: string | undefined;
  /** The final policy. */
  reclaimPolicy: string;
  /** Labels and annotations of the backed-up volume. */
  volumeLabels: Record<string, string>;
  volumeAnnotations: Record<string, string>;
  /** Labels of this product in the selector of the destination that the volume may get. */
  selectors: readonly string[];
  requestUid: string;
  signal: AbortSignal;
}

export async function handOver(h: HandOver): Promise<StepResult> {
  const { volume, destination } = h;
  if (volume === undefined) return waiting(`waiting to see PersistentVolume ${h.volumeName}`);
  const lost = destinationLost(h.destinationKey, destination, h.destinationUID);
  if (lost !== undefined || destination === undefined) return failed('DestinationNotFound', lost ?? '');
  if (isArrived(h, destination)) {
    await annotateReplacedBy(h, destination, undefined);
    return restoreMetadata(h, volume);
  }
  const refused = refuseDestination(h, volume, destination);
  if (refused !== undefined) return refused;
  const freed = await releaseFromStaging(h, volume, destination);
  return freed.state === 'done' ? bind(h, volume, destination) : freed;
}

/** Detaches the volume from the staging claim, after recording its new owner. */
export async function releaseFromStaging(
  h: HandOver,
  volume: PersistentVolume,
  destination: PersistentVolumeClaim,
): Promise<StepResult> {
  if (!isSecured(h, volume)) return secure(h, volume, destination);
  return h.staging === undefined ? done : deleteStaging(h, h.staging);
}

/** The claim may have another volume by now, and the storage may have provisioned another volume than requested. */
function refuseDestination(
  h: HandOver,
  volume: PersistentVolume,
  destination: PersistentVolumeClaim,
): StepResult | undefined {
  const { volumeName } = destination.spec;
  if (volumeName !== undefined && volumeName !== '' && volumeName !== h.volumeName) {
    return failed(
      'DestinationBound',
      `PersistentVolumeClaim ${h.destinationKey} was bound to PersistentVolume ${volumeName} by another party; its data is not changed`,
    );
  }
  return refuseMisfit(h.destinationKey, volume, destination);
}

export function refuseMisfit(
  destinationKey: string,
  volume: PersistentVolume,
  destination: PersistentVolumeClaim,
): StepResult | undefined {
  const wrong = misfit(volume, destination);
  if (wrong === undefined) return undefined;
  return failed('DestinationMismatch', `PersistentVolumeClaim ${destinationKey} cannot be filled: ${wrong}`);
}

function isArrived({ volume, volumeName }: HandOver, destination: PersistentVolumeClaim): boolean {
  return (
    destination.status?.phase === 'Bound' &&
    destination.spec.volumeName === volumeName &&
    volume?.spec.claimRef?.uid === destination.metadata.uid
  );
}

function isSecured(h: HandOver, volume: PersistentVolume): boolean {
  return (
    volume.spec.persistentVolumeReclaimPolicy === 'Retain' &&
    volume.metadata.labels?.[labels.requestUid] === h.requestUid &&
    volume.metadata.annotations?.[annotations.handOver] !== undefined
  );
}

/** Records the new owner and the final state, and protects the volume from deletion, in one write. */
async function secure(
  h: HandOver,
  volume: PersistentVolume,
  destination: PersistentVolumeClaim,
): Promise<StepResult> {
  const note = {
    reclaimPolicy: h.reclaimPolicy,
    destination: h.destinationKey,
    destinationUid: destination.metadata.uid,
  };
  await patchVolume(h, volume, {
    metadata: {
      labels: { ...EXCLUDED, [labels.requestUid]: h.requestUid },
      annotations: { [annotations.handOver]: JSON.stringify(note) },
    },
    spec: { persistentVolumeReclaimPolicy: 'Retain' },
  });
  return waiting(`securing PersistentVolume ${h.volumeName}`);
}

async function deleteStaging(h: HandOver, staging: PersistentVolumeClaim): Promise<StepResult> {
  const { name, namespace = '', uid, deletionTimestamp } = staging.metadata;
  if (deletionTimestamp === undefined) {
    await h.client.delete(
      persistentVolumeClaims,
      { namespace, name },
      { signal: h.signal, ...(uid !== undefined && { uid }) },
    );
  }
  return waiting(`waiting for staging PersistentVolumeClaim ${namespace}/${name} to release its volume`);
}

async function bind(
  h: HandOver,
  volume: PersistentVolume,
  destination: PersistentVolumeClaim,
): Promise<StepResult> {
  const { name, namespace = '', uid } = destination.metadata;
  if (volume.spec.claimRef?.uid !== uid) {
    await patchVolume(h, volume, {
      metadata: {
        labels: selectedLabels(destination, volume, h.selectors),
        annotations: { 'pv.kubernetes.io/bound-by-controller': null },
      },
      spec: {
        claimRef: {
          apiVersion: 'v1',
          kind: 'PersistentVolumeClaim',
          namespace,
          name,
          uid,
          resourceVersion: null,
        },
      },
    });
  }
  if (destination.spec.volumeName === undefined || destination.spec.volumeName === '') {
    await h.client.mergePatch(
      persistentVolumeClaims,
      { namespace, name },
      { metadata: { uid }, spec: { volumeName: h.volumeName } },
      { signal: h.signal },
    );
  } else await annotateReplacedBy(h, destination, undefined);
  return waiting(`waiting for PersistentVolumeClaim ${h.destinationKey} to be bound`);
}

/** Restores labels, annotations and policy of the backed-up volume after the hand-over; those that the storage set stay. */
async function restoreMetadata(h: HandOver, volume: PersistentVolume): Promise<StepResult> {
  const { metadata, spec } = volume;
  if (metadata.annotations?.[annotations.handOver] === undefined) return done;
  const driver = spec.csi?.driver;
  await patchVolume(h, volume, {
    metadata: {
      labels: {
        ...absentFrom(metadata.labels, ownersKeys(h.volumeLabels, driver)),
        ...NOT_EXCLUDED,
        [labels.requestUid]: null,
      },
      annotations: {
        ...absentFrom(metadata.annotations, ownersKeys(h.volumeAnnotations, driver)),
        [annotations.handOver]: null,
      },
    },
    spec: { persistentVolumeReclaimPolicy: h.reclaimPolicy },
  });
  return done;
}

/** Returns the entries of `wanted` whose keys are not in `taken`. */
function absentFrom(
  taken: Record<string, string> = {},
  wanted: Record<string, string>,
): Record<string, string> {
  return Object.fromEntries(Object.entries(wanted).filter(([key]) => !Object.hasOwn(taken, key)));
}

/** A volume whose restore ended without success. */
export interface Abandoned {
  client: KubeClient;
  volume: PersistentVolume | undefined;
  /** The claim that the volume refers to, if it exists. */
  claim: PersistentVolumeClaim | undefined;
  requestUid: string;
  /** The final policy that was planned. */
  reclaimPolicy: string;
  signal: AbortSignal;
}

/**
 * Cleans up after a restore that failed after the volume was secured: makes the storage delete the volume, because the
 * repository still has the data. If its claim has bound the volume by now, it belongs to the application and gets its final
 * state. Returns true if nothing is left to do.
 */
export async function abandonVolume(abandoned: Abandoned): Promise<boolean> {
  const { volume, requestUid, reclaimPolicy } = abandoned;
  if (volume?.metadata.labels?.[labels.requestUid] !== requestUid) return true;
  if (isTaken(abandoned)) {
    const metadata = {
      labels: { ...NOT_EXCLUDED, [labels.requestUid]: null },
      annotations: { [annotations.handOver]: null },
    };
    const spec = { persistentVolumeReclaimPolicy: reclaimPolicy };
    await patchVolume(abandoned, volume, { metadata, spec });
    return true;
  }
  if (volume.spec.persistentVolumeReclaimPolicy !== 'Delete') {
    const spec = { persistentVolumeReclaimPolicy: 'Delete' };
    await patchVolume(abandoned, volume, { spec });
  }
  return false;
}

/** The volume's own state may be outdated: it looks bound for a moment after its claim was deleted. */
function isTaken({ volume, claim }: Abandoned): boolean {
  return (
    claim !== undefined &&
    claim.metadata.deletionTimestamp === undefined &&
    claim.metadata.uid === volume?.spec.claimRef?.uid &&
    claim.spec.volumeName === volume?.metadata.name
  );
}

/** Conditional on the version that was read: a decision about a volume is invalid if the volume has changed. */
async function patchVolume(
  { client, signal }: Pick<HandOver, 'client' | 'signal'>,
  { metadata: { name, resourceVersion } }: PersistentVolume,
  { metadata, spec }: { metadata?: Record<string, unknown>; spec: Record<string, unknown> },
): Promise<void> {
  const patch = { metadata: { ...metadata, resourceVersion }, spec };
  await client.mergePatch(persistentVolumes, { name }, patch, { signal });
}

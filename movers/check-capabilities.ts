import type { PersistentVolume, PersistentVolumeClaim } from '../api/kubernetes/core.ts';
import { formatKey, keyOf } from '../api/kubernetes/meta.ts';
import { misfitOf, volumeFactsOf } from '../api/datamover/v1alpha1/class-volumes.ts';
import type { DataMoverClass } from '../api/datamover/v1alpha1/data-mover-class.ts';
import type { AccessMode, AnyMover, Mover } from './mover.ts';
import { quoted } from '../lifecycle/request/plain-text.ts';
import { isSnapshotID } from './snapshot-id.ts';
import { failed, type StepResult } from '../lifecycle/request/step.ts';

/** The relevant fields of a claim; the API server sets defaults for both modes. */
interface VolumeShape {
  volumeMode?: 'Filesystem' | 'Block' | undefined;
  accessModes?: readonly string[] | undefined;
}

/** Refuses a volume that the mover cannot move, before anything is created for it. */
export function checkVolume(
  { name, capabilities }: Pick<AnyMover, 'name' | 'capabilities'>,
  subject: string,
  { volumeMode = 'Filesystem', accessModes = [] }: VolumeShape,
): StepResult | undefined {
  if (!capabilities.volumeModes.includes(volumeMode))
    return failed(
      'UnsupportedVolumeMode',
      `${subject} has volumeMode ${volumeMode}, which mover ${name} cannot move`,
    );
  const usable = accessModes.some((mode) => capabilities.accessModes.includes(mode as AccessMode));
  if (accessModes.length === 0 || usable) return undefined;
  return failed(
    'UnsupportedVolumeMode',
    `${subject} has accessModes ${accessModes.join(', ')}, of which mover ${name} can use none, only ${capabilities.accessModes.join(', ')}`,
  );
}

/** Refuses a volume that `spec.volumes` of the class excludes; {@link checkVolume} checks the capabilities of the mover. */
export function checkTaken(
  { metadata, spec }: Pick<DataMoverClass, 'metadata' | 'spec'>,
  claim: PersistentVolumeClaim,
  volume: PersistentVolume,
): StepResult | undefined {
  const misfit = misfitOf({ spec }, volumeFactsOf(claim, volume));
  if (misfit === undefined) return undefined;
  return failed(
    'VolumeNotTaken',
    `DataMoverClass ${metadata.name} does not take PersistentVolumeClaim ${formatKey(keyOf(claim))}: ${misfit}; name a class that does in spec.dataMoverClass, or change spec.volumes of the class`,
  );
}

/**
 * Returns how a mover's declared capabilities contradict its implementation, if they do. Checked when the controller starts, so
 * that it does not surface in a request.
 */
export function contradictionIn(
  mover: Pick<Mover, 'name' | 'capabilities' | 'verify' | 'forget' | 'snapshotIDs'>,
): string | undefined {
  const hostile = NO_IDS.find((id) => isSnapshotID(mover, id));
  if (hostile !== undefined)
    return `mover ${mover.name}: snapshotIDs.pattern matches ${quoted(hostile)}, which a program may take for something else than an id`;
  return contradictingMethod(mover);
}

/** Texts that no pattern may match: an option, paths, a selector, and texts that a shell or log reader would split. */
const NO_IDS = [
  '',
  '-',
  '-o',
  '--option=x',
  '.',
  '..',
  '../x',
  'x/../y',
  '/x',
  'latest',
  'x y',
  'x\ny',
  'x\0',
  '$(x)',
  '`x`',
  "x'y",
];

function contradictingMethod(
  mover: Pick<Mover, 'name' | 'capabilities' | 'verify' | 'forget'>,
): string | undefined {
  const { name, capabilities } = mover;
  const claims: readonly ['verify' | 'forget', boolean][] = [
    ['verify', capabilities.verify.length > 0],
    ['forget', capabilities.forget],
  ];
  const wrong = claims.find(([method, isClaimed]) => isClaimed !== (mover[method] !== undefined));
  if (wrong === undefined) return undefined;
  const [method, isClaimed] = wrong;
  return `mover ${name} ${isClaimed ? 'declares' : 'does not declare'} the capability ${method}, but ${isClaimed ? 'lacks' : 'has'} the method for it`;
}

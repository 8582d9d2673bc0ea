import type { PersistentVolume, PersistentVolumeClaim } from '../api/kubernetes/core.ts';
import { formatKey, keyOf } from '../api/kubernetes/meta.ts';
import { misfitOf, volumeFactsOf } from '../api/datamover/v1alpha1/class-volumes.ts';
import type { DataMoverClass } from '../api/datamover/v1alpha1/data-mover-class.ts';
import type { AccessMode, AnyMover, Mover } from './mover.ts';
import { quoted } from '../lifecycle/request/plain-text.ts';
import { isSnapshotID } from './snapshot-id.ts';
import { failed, type StepResult } from '../lifecycle/request/step.ts';

/** What a claim says of its volume; an API server answers with both modes in full. */
interface VolumeShape {
  volumeMode?: 'Filesystem' | 'Block' | undefined;
  accessModes?: readonly string[] | undefined;
}

/** Refuses a volume that the mover cannot move, before anything is made for it. */
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

/** Refuses a volume that `spec.volumes` of the class excludes; {@link checkVolume} looks at the abilities of its mover. */
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

/** What a mover says of itself and is not so. Told when the controller starts, and not by the request that finds it out. */
export function contradictionIn(
  mover: Pick<Mover, 'name' | 'capabilities' | 'verify' | 'forget' | 'snapshotIDs'>,
): string | undefined {
  const hostile = NO_IDS.find((id) => isSnapshotID(mover, id));
  if (hostile !== undefined)
    return `mover ${mover.name}: snapshotIDs.pattern matches ${quoted(hostile)}, which a program may take for something else than an id`;
  return contradictingMethod(mover);
}

/** Examples of an option, paths, a selector, and words that a shell or a log reader would take apart. */
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
  return `mover ${name} ${isClaimed ? 'says that it can' : 'does not say that it can'} ${method}, and ${isClaimed ? 'lacks' : 'has'} the method for it`;
}

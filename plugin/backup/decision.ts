import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/kubernetes/core.ts';
import type { Backup } from '../../api/velero/v1.ts';
import {
  isBeingDeleted,
  isOpenTo,
  resolveClass,
  type ClassResolution,
} from '../../api/datamover/v1alpha1/class-resolution.ts';
import { misfitOf, volumeFactsOf, type VolumeFacts } from '../../api/datamover/v1alpha1/class-volumes.ts';
import type { DataMoverClass } from '../../api/datamover/v1alpha1/data-mover-class.ts';
import { annotations, GROUP, labels } from '../../api/datamover/v1alpha1/keys.ts';
import { policyVolumeOf } from '../policies/policy-volume.ts';
import { matchPolicy, type VolumePolicy } from '../policies/volume-policy.ts';
import { fileSystemBackupOf, reachablePods } from './file-system-backup.ts';
import { isMarkedAsOwn } from './own-objects.ts';
import type { VeleroWork } from './velero-work.ts';

/** The decision about the data of one PVC in one backup. */
export type BackupDecision =
  | {
      outcome: 'move';
      className: string;
      /** What selected the class. */
      by: string;
      /** The volume policy that requires the move, if any. */
      policy?: string;
      /** The VolumeSnapshot that Velero took of the claim in this backup; if present, it is the source. */
      snapshot?: string;
    }
  | Leave
  /** What the user requested is impossible; the item fails with the message. */
  | { outcome: 'fail'; message: string };

/** Velero continues as without this plugin. `level` is the log level of the reason; Velero shows a warning with the backup. */
interface Leave {
  outcome: 'leave';
  level: 'info' | 'warn';
  message: string;
}

/** The facts of a decision in addition to the backup and the claim. */
export interface DecisionFacts {
  classes: readonly DataMoverClass[];
  /** The backup's volume policies, in the order of the file. */
  policies: readonly VolumePolicy[];
  /** The claim's volume. Only policies and `spec.volumes` of classes use it. */
  volume: PersistentVolume | undefined;
  /** All pods of the claim's namespace. */
  pods: readonly Pod[];
  /** What Velero's CSI support has done with the claim in this backup. Default: nothing. */
  veleroWork?: VeleroWork;
  /** True if filters that are not read here may exclude pods from the backup. */
  unreadFilters?: boolean;
}

interface Question extends DecisionFacts {
  backup: Backup;
  pvc: PersistentVolumeClaim;
  subject: string;
  /** The policy that applies to the claim. As in Velero, it overrides the defaults of the backup. */
  policy: VolumePolicy | undefined;
}

/** Reasons not to move the data of a claim, in order of precedence. */
const REASONS: readonly ((question: Question) => Leave | undefined)[] = [
  temporary,
  optedOut,
  movedByVelero,
  ruledOutByPolicy,
  coveredByFileSystemBackup,
  withoutSnapshots,
  unbound,
];

/**
 * Decides from the objects alone, so that the PVC's own call, a sibling that starts its capture early and its volume's call have
 * the same result. The caller has already checked that the mover is enabled.
 */
export function decideBackup(
  backup: Backup,
  pvc: PersistentVolumeClaim,
  facts: DecisionFacts,
): BackupDecision {
  const { namespace = '', name } = pvc.metadata;
  const policy = matchPolicy(facts.policies, policyVolumeOf(pvc, facts.volume));
  const question = {
    ...facts,
    backup,
    pvc,
    policy,
    subject: `PersistentVolumeClaim ${namespace}/${name}`,
  };
  for (const reason of REASONS) {
    const found = reason(question);
    if (found !== undefined) return found;
  }
  const { snapshot } = facts.veleroWork ?? {};
  const chosen = chooseClass(question);
  return chosen.outcome === 'move' && snapshot !== undefined ? { ...chosen, snapshot } : chosen;
}

/** Returns true in the second pass of a backup, in which nothing may be started and no volume changed. */
export function isFinalizing(backup: Backup): boolean {
  return backup.status?.phase?.startsWith('Finalizing') ?? false;
}

/** Excludes temporary claims of any installation, including a deleted one, because they are copies. */
function temporary({ pvc, subject }: Question): Leave | undefined {
  if (!isMarkedAsOwn(pvc)) return undefined;
  return leave(
    'warn',
    `${subject} carries the label ${labels.requestUid} of a temporary claim of the data mover: its data is not moved; if the claim is yours, remove the label`,
  );
}

function optedOut({ backup, pvc, subject }: Question): Leave | undefined {
  const { annotations: own = {}, labels: ownLabels = {} } = pvc.metadata;
  if (backup.metadata.annotations?.[annotations.dataMover] === 'false')
    return leave(
      'info',
      `the annotation ${annotations.dataMover} of the Backup is "false": the data of ${subject} is not moved`,
    );
  if (own[annotations.dataMover] === 'false' || ownLabels[labels.dataMover] === 'false')
    return leave('info', `${subject} carries ${labels.dataMover}: "false", its data is not moved`);
  if (ownLabels[labels.veleroExclude] === 'true')
    return leave('info', `${subject} carries the label ${labels.veleroExclude}: its data is not moved`);
  return undefined;
}

function movedByVelero({ veleroWork, subject }: Question): Leave | undefined {
  const { dataUpload } = veleroWork ?? {};
  if (dataUpload === undefined) return undefined;
  return leave(
    'info',
    `Velero's own data mover backs up the data of ${subject} (spec.snapshotMoveData of the Backup, DataUpload ${dataUpload})`,
  );
}

function ruledOutByPolicy(question: Question): Leave | undefined {
  const { backup, pvc, subject, policy, pods } = question;
  switch (policy?.action) {
    case undefined:
    case 'snapshot':
      return undefined;
    case 'skip':
      return leave('info', `${policy.origin} has action skip: the data of ${subject} is not moved`);
    case 'fs-backup':
      return reachablePods(backup, pvc, pods).length > 0
        ? leaveToPods(
            question,
            `${policy.origin} has action fs-backup: Velero backs up the data of ${subject} itself`,
          )
        : leave(
            'warn',
            `${policy.origin} has action fs-backup, but no running pod of this backup mounts ${subject}: its data is not saved`,
          );
    case 'custom':
      if (policy.parameters.datamover === GROUP) return undefined;
      return leave(
        'info',
        `${policy.origin} has action custom without the parameter datamover: ${GROUP}: ${subject} belongs to another plugin`,
      );
  }
}

function coveredByFileSystemBackup(question: Question): Leave | undefined {
  const { backup, pvc, subject, policy, pods } = question;
  if (policy !== undefined) return undefined;
  const pod = fileSystemBackupOf(backup, pvc, pods);
  if (pod === undefined) return undefined;
  return leaveToPods(
    question,
    `Velero's file-system backup saves the data of ${subject} through pod ${pod.metadata.name}: it is not moved as well`,
  );
}

/** The backup may exclude the pods by filters that are not read here, so the user is warned. */
function leaveToPods({ unreadFilters = false }: Question, message: string): Leave {
  if (!unreadFilters) return leave('info', message);
  return leave(
    'warn',
    `${message}; see that namespacedFilterPolicies, which the data mover does not read, do not leave its pod out`,
  );
}

function withoutSnapshots({ backup, subject, policy }: Question): Leave | undefined {
  if (policy !== undefined || backup.spec.snapshotVolumes !== false) return undefined;
  return leave('info', `spec.snapshotVolumes of the Backup is false: the data of ${subject} is not moved`);
}

function unbound({ pvc, subject }: Question): Leave | undefined {
  const phase = pvc.status?.phase ?? 'not bound';
  if (phase === 'Bound') return undefined;
  return leave('warn', `${subject} is ${phase}, there is no data to move`);
}

function chooseClass(question: Question): BackupDecision {
  const { classes, pvc, policy, subject, backup } = question;
  const { namespace: installation } = backup.metadata;
  const facts = volumeFactsOf(pvc, question.volume);
  const asked = policy?.parameters.dataMoverClass;
  // The annotation of the claim takes precedence because it is more specific.
  if (policy !== undefined && asked !== undefined && !hasOwnClass(pvc)) {
    const asker = `${policy.origin} names ${JSON.stringify(asked)} as dataMoverClass of ${subject}`;
    const found = classes.find((one) => one.metadata.name === asked && !isBeingDeleted(one));
    if (found !== undefined && isOpenTo(found, installation)) {
      const chosen = { className: found.metadata.name, by: 'policy', policy: policy.origin };
      return refuseMisfit(found, facts, asker) ?? { outcome: 'move', ...chosen };
    }
    const lack =
      found === undefined
        ? 'that DataMoverClass does not exist'
        : `that DataMoverClass serves the installation in namespace ${found.spec.installation ?? ''} only`;
    return { outcome: 'fail', message: `${asker}, and ${lack}` };
  }
  return decisionOf(resolveClass(classes, pvc, { installation, volume: facts }), question, facts);
}

/** Fails if the named class does not accept the volume: no other class is tried, and the claim is not left out. */
function refuseMisfit(
  named: DataMoverClass,
  facts: VolumeFacts,
  asker: string,
): Extract<BackupDecision, { outcome: 'fail' }> | undefined {
  const misfit = misfitOf(named, facts);
  if (misfit === undefined) return undefined;
  const message = `${asker}, and DataMoverClass ${named.metadata.name} does not take it: ${misfit}; name a class that does, or none`;
  return { outcome: 'fail', message };
}

function decisionOf(
  resolution: ClassResolution,
  { policy, subject }: Question,
  facts: VolumeFacts,
): BackupDecision {
  switch (resolution.outcome) {
    case 'resolved': {
      const { class: chosen, by } = resolution;
      const asker = `the annotation ${annotations.className} of ${subject} names its class`;
      return (
        refuseMisfit(chosen, facts, asker) ?? {
          outcome: 'move',
          className: chosen.metadata.name,
          by,
          ...(policy === undefined ? {} : { policy: policy.origin }),
        }
      );
    }
    case 'none':
      return leave('warn', resolution.message);
    case 'failed':
      return { outcome: 'fail', message: resolution.message };
  }
}

function hasOwnClass(pvc: PersistentVolumeClaim): boolean {
  return pvc.metadata.annotations?.[annotations.className] !== undefined;
}

function leave(level: 'info' | 'warn', message: string): Leave {
  return { outcome: 'leave', level, message };
}

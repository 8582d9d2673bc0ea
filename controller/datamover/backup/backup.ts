import type { PersistentVolumeClaim } from '../../../api/kubernetes/core.ts';
import { resolvePinned, resolveClass } from '../../../api/datamover/v1alpha1/class-resolution.ts';
import { volumeFactsOf, type VolumeFacts } from '../../../api/datamover/v1alpha1/class-volumes.ts';
import type {
  DataMoverBackup,
  DataMoverBackupStatus,
} from '../../../api/datamover/v1alpha1/data-mover-backup.ts';
import { dataMoverBackups } from '../../../api/datamover/v1alpha1/kinds.ts';
import { conditionTypes } from '../../../api/datamover/v1alpha1/reasons.ts';
import type { Environment } from '../environment.ts';
import { requestType } from '../request-type.ts';
import { isServedHere } from '../installation.ts';
import type { RequestType } from '../../../lifecycle/request/request-type.ts';
import { resolveClassFor, type ResolvedClass, type ResolutionProblem } from '../resolution/resolve-class.ts';
import { isBeingVerified, verifiedFact } from '../verification.ts';
import { backupCleanup } from './backup-cleanup.ts';
import { reportBackup, resultText } from './reports.ts';
import type { BackupScope } from './scope.ts';
import { backupSteps, unwantedBackup } from './steps.ts';

/** Creates the request type of DataMoverBackups. */
export function backupRequest(
  env: Environment,
): RequestType<DataMoverBackup, DataMoverBackupStatus, BackupScope> {
  return requestType(env, {
    name: 'backup',
    kind: dataMoverBackups,
    lister: env.listers.backups,
    isShared: true,
    steps: backupSteps,
    cleanup: backupCleanup,
    unwanted: unwantedBackup,
    choose: (backup) => resolveBackup(env, backup),
    open: (scope, backup) => ({ ...scope, backup, namespace: backup.metadata.namespace ?? '' }),
    succeeded: (status) => status.result !== undefined,
    phase: phaseOf,
    facts: (status) => [
      [conditionTypes.captured, status.capture !== undefined],
      [conditionTypes.admitted, status.admittedAt !== undefined],
      [conditionTypes.staged, status.movingSince !== undefined],
      [conditionTypes.moved, status.result !== undefined || status.unverifiedResult !== undefined],
      ...verifiedFact(status),
    ],
    successMessage: resultText,
    report: (backup, before, after) => reportBackup(env, backup, before, after),
  });
}

/** Derives the phase from the recorded facts; no phase is stored as a state of its own. */
function phaseOf(status: DataMoverBackupStatus): string {
  if (isBeingVerified(status)) return 'Verifying';
  if (status.movingSince !== undefined) return 'Moving';
  if (status.admittedAt !== undefined) return 'Staging';
  if (status.capture !== undefined) return 'Queued';
  return status.startTimestamp === undefined ? 'Pending' : 'Capturing';
}

/** Keeps a recorded class, even if labels or defaults have changed since. */
function resolveBackup(
  env: Environment,
  backup: DataMoverBackup,
): ResolvedClass | ResolutionProblem | undefined {
  const { namespace = '' } = backup.metadata;
  const classes = env.listers.classes.list();
  const { kind, name } = backup.spec.dataSourceRef;
  const claim = kind === 'PersistentVolumeClaim' ? env.listers.claims.get(`${namespace}/${name}`) : undefined;
  const kept = backup.status?.dataMoverClass;
  const resolution =
    kept === undefined
      ? resolveClass(classes, claim ?? { kind, metadata: { name, namespace } }, {
          requested: backup.spec.dataMoverClass,
          installation: backup.spec.installation,
          volume: factsOf(env, claim),
        })
      : resolvePinned(classes, kept);
  if (!isServedHere(backup, resolution, env.namespace)) return undefined;
  const { volume } = backup.status ?? {};
  const storageClassName = volume === undefined ? claim?.spec.storageClassName : volume.storageClassName;
  return resolveClassFor(env.movers, resolution, { config: backup.spec.config, storageClassName });
}

function factsOf(
  { listers }: Environment,
  claim: PersistentVolumeClaim | undefined,
): VolumeFacts | undefined {
  return claim && volumeFactsOf(claim, listers.volumes.get(claim.spec.volumeName ?? ''));
}

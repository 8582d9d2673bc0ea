import type { Job } from 'velero-datamover/api';
import type { RepositoryRequest } from 'velero-datamover/mover';
import { SECRET_KEYS, type ArchiveConfig } from './config.ts';

/** A task for image/archive.sh. */
export interface Task {
  name: 'backup' | 'restore' | 'forget';
  snapshotID: string;
  /** The staging volume; a backup mounts it read-only. */
  claim?: string;
}

/**
 * Returns the Job for the task, named after the request, so that it is found after a crash. The Job only references the Secret,
 * so that this code never handles its values.
 */
export function desiredJob(
  { name, labels, annotations, config, repositoryPath }: RepositoryRequest<ArchiveConfig>,
  namespace: string,
  task: Task,
): Job & { spec: object } {
  const { claim } = task;
  const data = { name: 'data', mountPath: '/data', readOnly: task.name === 'backup' };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace, labels, annotations },
    spec: {
      // A pod that the cluster evicts is replaced; any other failure is final, and its message contains the reason.
      backoffLimit: 0,
      podFailurePolicy: { rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] }] },
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: 'Never',
          automountServiceAccountToken: false,
          // It may be killed at any time: an archive without a manifest is not a backup.
          terminationGracePeriodSeconds: 1,
          securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
          containers: [
            {
              name: 'archive',
              image: config.image,
              args: [task.name, task.snapshotID],
              env: environment(config, repositoryPath),
              terminationMessagePolicy: 'FallbackToLogsOnError',
              securityContext: claim === undefined ? NOBODY : ROOT,
              volumeMounts: [
                { name: 'scratch', mountPath: '/scratch' },
                ...(claim === undefined ? [] : [data]),
              ],
            },
          ],
          volumes: [
            { name: 'scratch', emptyDir: {} },
            ...(claim === undefined
              ? []
              : [{ name: 'data', persistentVolumeClaim: { claimName: claim, readOnly: data.readOnly } }]),
          ],
        },
      },
    },
  };
}

const HARDENED = { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true };
const NOBODY = { ...HARDENED, runAsNonRoot: true, runAsUser: 65532, capabilities: { drop: ['ALL'] } };
/** Permissions to read all files regardless of their modes, and to restore their owners. */
const ROOT = {
  ...HARDENED,
  runAsUser: 0,
  capabilities: { drop: ['ALL'], add: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'MKNOD', 'SETFCAP'] },
};

/** rclone is configured by its environment: https://rclone.org/docs/#environment-variables */
function environment(config: ArchiveConfig, repositoryPath: string): object[] {
  const settings = {
    STORE_PATH: `${config.bucket}/${repositoryPath}`,
    COMPRESSION_LEVEL: String(config.compressionLevel),
    RCLONE_CONFIG_STORE_TYPE: 's3',
    RCLONE_CONFIG_STORE_PROVIDER: 'Other',
    RCLONE_CONFIG_STORE_ENV_AUTH: 'true',
    RCLONE_CONFIG_STORE_ENDPOINT: config.endpoint,
    RCLONE_CONFIG_STORE_REGION: config.region,
    // rclone would otherwise try to create the bucket before each upload, for minutes if it lacks the permission.
    RCLONE_CONFIG_STORE_NO_CHECK_BUCKET: 'true',
    RCLONE_LOG_LEVEL: 'ERROR',
  };
  const fromSecret = ({ name }: { name: string }): object[] =>
    SECRET_KEYS.map((key) => ({ name: key, valueFrom: { secretKeyRef: { name, key } } }));
  return [
    ...Object.entries(settings).map(([name, value]) => ({ name, value })),
    ...fromSecret(config.secret),
  ];
}

import type { Job } from '../../api/external/core.ts';
import type { MoverTarget } from '../movers/mover.ts';
import { CUSTOM_CA_KEY } from './restic-secret.ts';

/** What one run of restic needs to know. */
export interface ResticCommand {
  image: string;
  args: readonly string[];
  /** Keys of the request's secret, which has the request's name. */
  secretKeys: readonly string[];
}

/** A Job with the spec that this project writes. */
export interface ResticJob extends Job {
  spec: Record<string, unknown>;
}

const GOOGLE_KEY = 'GOOGLE_APPLICATION_CREDENTIALS';

/** Keys that restic wants as files, with where they are mounted. */
const FILES: Readonly<Record<string, string>> = { [CUSTOM_CA_KEY]: 'ca.crt', [GOOGLE_KEY]: 'gcs.json' };

/** A lock of another process is waited for. */
const LOCK_WAIT = '10m';

/** Before: the locks that killed movers have left go, which are those that nobody has refreshed for half an hour. */
const UNLOCK_FIRST = 'restic unlock && exec restic "$@"';

/**
 * A Job that runs restic on one repository. restic itself takes an exclusive lock for what must have one, so it is safe beside
 * anything else that uses the repository. It needs no volume and no privilege.
 */
export function desiredResticJob(target: MoverTarget, namespace: string, command: ResticCommand): ResticJob {
  const { name, labels, annotations } = target;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace, labels, annotations },
    spec: {
      backoffLimit: 2,
      template: { metadata: { labels }, spec: podSpec(name, command) },
    },
  };
}

function podSpec(secretName: string, { image, args, secretKeys }: ResticCommand): Record<string, unknown> {
  const files = secretKeys.filter((key) => key in FILES);
  return {
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 65532,
      runAsGroup: 65532,
      fsGroup: 65532,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [
      {
        name: 'restic',
        image,
        command: ['sh', '-c', UNLOCK_FIRST, 'restic'],
        args: ['--retry-lock', LOCK_WAIT, ...args],
        env: environment(secretName, secretKeys),
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
        volumeMounts: [
          { name: 'scratch', mountPath: '/scratch' },
          ...(files.length > 0 ? [{ name: 'secrets', mountPath: '/secrets', readOnly: true }] : []),
        ],
      },
    ],
    volumes: [
      { name: 'scratch', emptyDir: {} },
      ...(files.length > 0
        ? [
            {
              name: 'secrets',
              secret: { secretName, items: files.map((key) => ({ key, path: FILES[key] })) },
            },
          ]
        : []),
    ],
  };
}

function environment(secretName: string, secretKeys: readonly string[]): Record<string, unknown>[] {
  const fromSecret = secretKeys
    .filter((key) => !(key in FILES))
    .map((key) => ({ name: key, valueFrom: { secretKeyRef: { name: secretName, key } } }));
  return [
    ...fromSecret,
    ...(secretKeys.includes(GOOGLE_KEY) ? [{ name: GOOGLE_KEY, value: '/secrets/gcs.json' }] : []),
    ...(secretKeys.includes(CUSTOM_CA_KEY) ? [{ name: 'RESTIC_CACERT', value: '/secrets/ca.crt' }] : []),
    { name: 'RESTIC_CACHE_DIR', value: '/scratch/cache' },
    { name: 'TMPDIR', value: '/scratch' },
    { name: 'HOME', value: '/scratch' },
    // A line every ten seconds: silence is the sign of a restic that hangs.
    { name: 'RESTIC_PROGRESS_FPS', value: '0.1' },
  ];
}

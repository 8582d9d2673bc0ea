import type { Job } from '../../../api/kubernetes/core.ts';
import type { MoverTarget } from '../../mover.ts';
import { CUSTOM_CA_KEY } from '../access/restic-secret.ts';
import { reporting } from '../log/script-log.ts';

/** Programs that work on a repository: restic, and rclone for what restic has no command for. */
export type Program = 'restic' | 'rclone';

/** One run of a program. */
export interface RepositoryCommand {
  program: Program;
  image: string;
  args: readonly string[];
  /** Keys of the request's secret, which has the same name as the request. */
  secretKeys: readonly string[];
  /** Shell script that gets the arguments as `$@`. Default: runs restic with them. */
  script?: string;
  /** For commands that work on a volume. */
  volume?: VolumeUse;
  /** Exit codes of the script after which a retry would fail in the same way. Default: none. */
  finalExits?: readonly number[];
  /** Variables in addition to those of every run. */
  env?: Readonly<Record<string, string>>;
}

/**
 * A volume that restic works on. A Job that only reads it runs as the mover's user, because other users may have no permission to
 * read it.
 */
export interface VolumeUse {
  claimName: string;
  mountPath: string;
  /** True if the run writes to the volume. Default: it is mounted read-only. */
  isWritten?: boolean;
  /** Additional capabilities of root. Absent: runs as the user of the class or of the image, without privileges. */
  capabilities?: readonly string[] | undefined;
  podSecurityContext?: Record<string, unknown> | undefined;
  serviceAccountName?: string | undefined;
  resources?: Record<string, unknown> | undefined;
  affinity?: Record<string, unknown> | undefined;
  /** Claim that keeps restic's cache. Absent: the cache is deleted with the pod. */
  cacheClaim?: string | undefined;
}

/** A Job whose spec this project writes. */
export interface RepositoryJob extends Job {
  spec: Record<string, unknown>;
}

const GOOGLE_KEY = 'GOOGLE_APPLICATION_CREDENTIALS';

/** Keys that restic reads from files, and the names of these files. */
const FILES: Readonly<Record<string, string>> = { [CUSTOM_CA_KEY]: 'ca.crt', [GOOGLE_KEY]: 'gcs.json' };

/** First removes the locks of killed movers: those that were not refreshed for half an hour. */
export const UNLOCK = 'restic unlock';

/** Waits for a lock of another process, ten minutes at most. */
export const RESTIC = 'restic --retry-lock 10m';

/** Script for commands that have none of their own. */
export const RUN_RESTIC = reporting(`${UNLOCK}
exec ${RESTIC} "$@"`);

/** Variable of each program for a file of trusted certificates. */
const AUTHORITIES: Readonly<Record<Program, string>> = { restic: 'RESTIC_CACERT', rclone: 'SSL_CERT_FILE' };

/**
 * Builds a Job that works on one repository. restic takes an exclusive lock if a command needs one, so the Job is safe to run
 * while others use the repository. It needs no privileges unless it reads a volume.
 */
export function desiredRepositoryJob(
  target: MoverTarget,
  { namespace, name = target.name }: { namespace: string; name?: string | undefined },
  command: RepositoryCommand,
): RepositoryJob {
  const { labels, annotations } = target;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace, labels, annotations },
    spec: {
      backoffLimit: 2,
      ...failurePolicyOf(command),
      template: { metadata: { labels }, spec: podSpec(target.name, command) },
    },
  };
}

/**
 * A failure that restic itself reports is not retried; a run that was interrupted from outside is. A pod is replaced after it has
 * ended.
 */
function failurePolicyOf({ finalExits = [] }: RepositoryCommand): Record<string, unknown> {
  if (finalExits.length === 0) return {};
  const onExitCodes = { operator: 'In', values: finalExits };
  return { podFailurePolicy: { rules: [{ action: 'FailJob', onExitCodes }] } };
}

function podSpec(secretName: string, command: RepositoryCommand): Record<string, unknown> {
  const { program, image, args, script = RUN_RESTIC, volume } = command;
  const mounts = mountsOf(secretName, command);
  return {
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    ...(volume === undefined ? { securityContext: NOBODY } : readerOf(volume)),
    containers: [
      {
        name: program,
        image,
        command: ['sh', '-c', script, program],
        args: [...args],
        env: environment(secretName, command),
        ...(volume?.resources !== undefined && { resources: volume.resources }),
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          ...(volume?.capabilities === undefined
            ? { capabilities: { drop: ['ALL'] } }
            : { capabilities: { drop: ['ALL'], add: volume.capabilities }, runAsUser: 0 }),
        },
        volumeMounts: mounts.map(({ volume: { name }, ...at }) => ({ name, ...at })),
      },
    ],
    volumes: mounts.map((mount) => mount.volume),
  };
}

const NOBODY = {
  runAsNonRoot: true,
  runAsUser: 65532,
  runAsGroup: 65532,
  fsGroup: 65532,
  seccompProfile: { type: 'RuntimeDefault' },
};

function readerOf(volume: VolumeUse): Record<string, unknown> {
  const { podSecurityContext: securityContext, serviceAccountName, affinity } = volume;
  return {
    ...(securityContext !== undefined && { securityContext }),
    ...(serviceAccountName !== undefined && { serviceAccountName }),
    ...(affinity !== undefined && { affinity }),
  };
}

interface Mount {
  volume: { name: string } & Record<string, unknown>;
  mountPath: string;
  readOnly?: true;
}

function mountsOf(secretName: string, { secretKeys, volume }: RepositoryCommand): Mount[] {
  const files = secretKeys.filter((key) => key in FILES).map((key) => ({ key, path: FILES[key] }));
  const secret = { name: 'secrets', secret: { secretName, items: files } };
  return [
    { volume: { name: 'scratch', emptyDir: {} }, mountPath: '/scratch' },
    ...(files.length > 0 ? [{ volume: secret, mountPath: '/secrets', readOnly: true as const }] : []),
    ...(volume === undefined ? [] : [dataMount(volume)]),
    ...(volume?.cacheClaim === undefined ? [] : [cacheMount(volume.cacheClaim)]),
  ];
}

function dataMount({ claimName, mountPath, isWritten = false }: VolumeUse): Mount {
  if (isWritten) return { volume: { name: 'data', persistentVolumeClaim: { claimName } }, mountPath };
  const persistentVolumeClaim = { claimName, readOnly: true };
  return { volume: { name: 'data', persistentVolumeClaim }, mountPath, readOnly: true };
}

function cacheMount(claimName: string): Mount {
  return { volume: { name: 'cache', persistentVolumeClaim: { claimName } }, mountPath: '/cache' };
}

function environment(
  secretName: string,
  { program, secretKeys, env = {}, volume }: RepositoryCommand,
): Record<string, unknown>[] {
  const fromSecret = secretKeys
    .filter((key) => !(key in FILES))
    .map((key) => ({ name: key, valueFrom: { secretKeyRef: { name: secretName, key } } }));
  return [
    ...fromSecret,
    ...(secretKeys.includes(GOOGLE_KEY) ? [{ name: GOOGLE_KEY, value: '/secrets/gcs.json' }] : []),
    ...(secretKeys.includes(CUSTOM_CA_KEY) ? [{ name: AUTHORITIES[program], value: '/secrets/ca.crt' }] : []),
    { name: 'RESTIC_CACHE_DIR', value: volume?.cacheClaim === undefined ? '/scratch/cache' : '/cache' },
    { name: 'TMPDIR', value: '/scratch' },
    { name: 'HOME', value: '/scratch' },
    // One line every ten seconds, so that a hanging restic is recognized by its silence.
    ...Object.entries({ RESTIC_PROGRESS_FPS: '0.1', ...env }).map(([name, value]) => ({ name, value })),
  ];
}

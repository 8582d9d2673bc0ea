import type { Job } from '../../../api/kubernetes/core.ts';
import type { MoverTarget } from '../../mover.ts';
import { CUSTOM_CA_KEY } from '../access/restic-secret.ts';
import { reporting } from '../log/script-log.ts';

/** Who works on a repository: restic, and rclone where restic has no command for it. */
export type Program = 'restic' | 'rclone';

/** What one run of a program needs to know. */
export interface RepositoryCommand {
  program: Program;
  image: string;
  args: readonly string[];
  /** Keys of the request's secret, which has the request's name. */
  secretKeys: readonly string[];
  /** For the shell, with the arguments as `$@`. Default: restic on them. */
  script?: string;
  /** For commands that work on a volume. */
  volume?: VolumeUse;
  /** Exit codes of the script after which another pod would meet the same. Default: none. */
  finalExits?: readonly number[];
  /** Besides those that every run has. */
  env?: Readonly<Record<string, string>>;
}

/** A volume that restic works on. Whoever only looks at it does so as the mover's user: nobody else need be able to read it. */
export interface VolumeUse {
  claimName: string;
  mountPath: string;
  /** True where the volume is filled. Default: it is mounted for reading only. */
  isWritten?: boolean;
  /** What root may do besides; absent: it runs as the class says, or the image, and without privileges. */
  capabilities?: readonly string[] | undefined;
  podSecurityContext?: Record<string, unknown> | undefined;
  serviceAccountName?: string | undefined;
  resources?: Record<string, unknown> | undefined;
  affinity?: Record<string, unknown> | undefined;
  /** Claim that keeps restic's cache; absent: the cache goes with the pod. */
  cacheClaim?: string | undefined;
}

/** A Job with the spec that this project writes. */
export interface RepositoryJob extends Job {
  spec: Record<string, unknown>;
}

const GOOGLE_KEY = 'GOOGLE_APPLICATION_CREDENTIALS';

/** Keys that restic wants as files, with where they are mounted. */
const FILES: Readonly<Record<string, string>> = { [CUSTOM_CA_KEY]: 'ca.crt', [GOOGLE_KEY]: 'gcs.json' };

/** The locks that killed movers have left go first, which are those that nobody has refreshed for half an hour. */
export const UNLOCK = 'restic unlock';

/** A lock of another process is waited for. */
export const RESTIC = 'restic --retry-lock 10m';

/** What a shell does for a command that has no script of its own. */
export const RUN_RESTIC = reporting(`${UNLOCK}
exec ${RESTIC} "$@"`);

/** What each program calls a file of certificates to trust. */
const AUTHORITIES: Readonly<Record<Program, string>> = { restic: 'RESTIC_CACERT', rclone: 'SSL_CERT_FILE' };

/**
 * A Job that works on one repository. restic itself takes an exclusive lock for what must have one, so it is safe beside
 * anything else that uses the repository. Unless it looks at a volume, it needs no privilege.
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

/** What restic itself has judged is not tried again; what stopped it from outside is. A pod is replaced once it has ended. */
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
    // A line every ten seconds: silence is the sign of a restic that hangs.
    ...Object.entries({ RESTIC_PROGRESS_FPS: '0.1', ...env }).map(([name, value]) => ({ name, value })),
  ];
}

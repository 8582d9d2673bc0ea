import type { Job } from '../../api/external/core.ts';
import type { MoverTarget } from '../movers/mover.ts';
import { CUSTOM_CA_KEY } from './restic-secret.ts';

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
  /** For commands that look at a volume. */
  volume?: VolumeReader;
}

/** A volume that is only looked at, by the same user as the mover: nobody else need be able to read what it wrote. */
export interface VolumeReader {
  claimName: string;
  mountPath: string;
  /** Whether root may read whatever the modes of files say. */
  isPrivileged: boolean;
  podSecurityContext?: Record<string, unknown> | undefined;
  serviceAccountName?: string | undefined;
  resources?: Record<string, unknown> | undefined;
  affinity?: Record<string, unknown> | undefined;
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

const RUN_RESTIC = `${UNLOCK} && exec ${RESTIC} "$@"`;

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
      template: { metadata: { labels }, spec: podSpec(target.name, command) },
    },
  };
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
          ...(volume?.isPrivileged === true
            ? { capabilities: { drop: ['ALL'], add: ['DAC_OVERRIDE'] }, runAsUser: 0 }
            : { capabilities: { drop: ['ALL'] } }),
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

function readerOf(volume: VolumeReader): Record<string, unknown> {
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
  ];
}

function dataMount({ claimName, mountPath }: VolumeReader): Mount {
  const persistentVolumeClaim = { claimName, readOnly: true };
  return { volume: { name: 'data', persistentVolumeClaim }, mountPath, readOnly: true };
}

function environment(
  secretName: string,
  { program, secretKeys }: RepositoryCommand,
): Record<string, unknown>[] {
  const fromSecret = secretKeys
    .filter((key) => !(key in FILES))
    .map((key) => ({ name: key, valueFrom: { secretKeyRef: { name: secretName, key } } }));
  return [
    ...fromSecret,
    ...(secretKeys.includes(GOOGLE_KEY) ? [{ name: GOOGLE_KEY, value: '/secrets/gcs.json' }] : []),
    ...(secretKeys.includes(CUSTOM_CA_KEY) ? [{ name: AUTHORITIES[program], value: '/secrets/ca.crt' }] : []),
    { name: 'RESTIC_CACHE_DIR', value: '/scratch/cache' },
    { name: 'TMPDIR', value: '/scratch' },
    { name: 'HOME', value: '/scratch' },
    // A line every ten seconds: silence is the sign of a restic that hangs.
    { name: 'RESTIC_PROGRESS_FPS', value: '0.1' },
  ];
}

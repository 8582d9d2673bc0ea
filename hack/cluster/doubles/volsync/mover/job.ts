import type { Job } from '../../../../../api/kubernetes/core.ts';
import { ownerReferenceOf } from '../api.ts';
import type { MoverVolume, Replication, ResticSpec } from '../api.ts';
import { CLEANUP, createdBy } from '../keys.ts';
import { GOOGLE_CREDENTIALS } from './environment.ts';
import type { EnvVar } from './environment.ts';
import { directionOf, jobName } from '../names.ts';

/** A Job with the spec that the double writes. */
export interface MoverJob extends Job {
  spec: Record<string, unknown>;
}

export interface JobInput {
  owner: Replication;
  restic: ResticSpec;
  image: string;
  args: readonly string[];
  env: readonly EnvVar[];
  secretName: string;
  secretKeys: readonly string[];
  serviceAccount: string;
  dataClaim: string;
  /** The claim is read-only. */
  dataReadOnly: boolean;
  cacheClaim: string;
  privileged: boolean;
  failureLimit: number;
  /** Ties the pod to the node of the application's pod. */
  placement?: { nodeSelector: Record<string, string>; tolerations: readonly object[] };
}

/** Returns the mover's Job. Its template is immutable once the Job exists. */
export function desiredJob(input: JobInput): MoverJob {
  const { owner, restic } = input;
  const { namespace, name: ownerName, uid = '' } = owner.metadata;
  const name = jobName(directionOf(owner), ownerName);
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...createdBy, [CLEANUP]: uid },
      ownerReferences: [ownerReferenceOf(owner)],
    },
    spec: {
      backoffLimit: input.failureLimit,
      parallelism: owner.spec?.paused === true ? 0 : 1,
      template: {
        metadata: { name, labels: { ...createdBy, ...restic.moverPodLabels } },
        spec: podSpec(input),
      },
    },
  };
}

function podSpec(input: JobInput): object {
  const { restic, placement } = input;
  const mounts = volumesOf(input);
  return {
    restartPolicy: 'Never',
    serviceAccountName: input.serviceAccount,
    ...(restic.moverSecurityContext === undefined ? {} : { securityContext: restic.moverSecurityContext }),
    ...(restic.moverAffinity === undefined ? {} : { affinity: restic.moverAffinity }),
    ...placement,
    containers: [
      {
        name: 'restic',
        image: input.image,
        command: ['/mover-restic/entry.sh'],
        args: input.args,
        env: input.env,
        ...(restic.moverResources === undefined ? {} : { resources: restic.moverResources }),
        securityContext: containerSecurity(input.privileged),
        volumeMounts: mounts.map(({ name, mountPath }) => ({ name, mountPath })),
      },
    ],
    volumes: mounts.map(({ name, source }) => ({ name, ...source })),
  };
}

function containerSecurity(privileged: boolean): object {
  return {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'], ...(privileged ? { add: ['DAC_OVERRIDE', 'CHOWN', 'FOWNER'] } : {}) },
    privileged: false,
    readOnlyRootFilesystem: true,
    ...(privileged ? { runAsUser: 0 } : {}),
  };
}

interface Mount {
  name: string;
  mountPath: string;
  source: object;
}

function volumesOf(input: JobInput): Mount[] {
  const { restic, dataClaim, dataReadOnly, cacheClaim } = input;
  const data = { claimName: dataClaim, ...(dataReadOnly ? { readOnly: true } : {}) };
  return [
    { name: 'data', mountPath: '/data', source: { persistentVolumeClaim: data } },
    { name: 'cache', mountPath: '/cache', source: { persistentVolumeClaim: { claimName: cacheClaim } } },
    { name: 'tempdir', mountPath: '/tmp', source: { emptyDir: { medium: 'Memory' } } },
    ...customCA(restic),
    ...(input.secretKeys.includes(GOOGLE_CREDENTIALS)
      ? [
          fileMount(
            'gcs-credentials',
            '/credentials',
            { secretName: input.secretName },
            GOOGLE_CREDENTIALS,
            'gcs.json',
          ),
        ]
      : []),
    ...(restic.moverVolumes ?? []).map(userMount),
  ];
}

/** A CA is used only if its key is set; a Secret takes precedence over a ConfigMap. */
function customCA({ customCA: ca }: ResticSpec): Mount[] {
  const key = ca?.key ?? '';
  if (ca === undefined || key === '') return [];
  if ((ca.secretName ?? '') !== '') {
    return [fileMount('custom-ca', '/customCA', { secretName: ca.secretName ?? '' }, key, 'ca.crt')];
  }
  if ((ca.configMapName ?? '') === '') return [];
  const configMap = { name: ca.configMapName, items: [{ key, path: 'ca.crt' }] };
  return [{ name: 'custom-ca', mountPath: '/customCA', source: { configMap } }];
}

// eslint-disable-next-line max-params -- five plain words of one mount
function fileMount(
  name: string,
  mountPath: string,
  secret: { secretName: string },
  key: string,
  path: string,
): Mount {
  return { name, mountPath, source: { secret: { ...secret, items: [{ key, path }] } } };
}

function userMount({ mountPath, volumeSource }: MoverVolume): Mount {
  return {
    name: `u-${mountPath.replaceAll('/', '-')}`,
    mountPath: `/mnt/${mountPath}`,
    source: { ...volumeSource },
  };
}

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { apiObject } from '../api.ts';
import { run } from '../exec.ts';
import { serviceAccountKubeconfig } from '../service-account.ts';
import { awsCredentials, storageLocation, veleroManifests } from './velero-manifests.ts';
import { copyPlugins, pluginsStamp } from './velero-plugins.ts';
import type { ClusterConfig } from '../config.ts';
import type { Component, Context } from '../component.ts';

const at = ({ paths }: ClusterConfig, name: string): string => join(paths.velero, name);

/** Velero's own server with the AWS object-store plugin and ours. It runs beside the node, not in a pod. */
export const velero: Component = {
  name: 'velero',
  title: 'Velero',
  prepare: async (context, note) => {
    const { config } = context;
    for (const name of ['scratch', 'tmp', 'home']) mkdirSync(at(config, name), { recursive: true });
    note('CRDs');
    await context.apply({ text: await crds(context) });
    note('objects');
    await context.apply({ text: JSON.stringify(veleroManifests(config)) });
    await ensureStorageLocation(context);
    writeFileSync(at(config, 'credentials'), awsCredentials(config.s3), { mode: 0o600 });
    const kubeconfig = await serviceAccountKubeconfig(context, config.namespace, 'velero');
    writeFileSync(at(config, 'kubeconfig'), kubeconfig, { mode: 0o600 });
    note(copyPlugins(context));
  },
  process: (context) => ({
    command: context.program('velero'),
    args: serverArgs(context.config),
    env: environment(context.config),
    fingerprint: pluginsStamp(context),
    netns: context.config.network.netnsPath,
  }),
  ready: async (context) => (await storageIsAvailable(context)) && (await serverAnswers(context)),
  readyTimeoutMs: 90_000,
};

function environment(config: ClusterConfig): Record<string, string> {
  return {
    VELERO_NAMESPACE: config.namespace,
    VELERO_SCRATCH_DIR: at(config, 'scratch'),
    AWS_SHARED_CREDENTIALS_FILE: at(config, 'credentials'),
    LD_LIBRARY_PATH: at(config, 'plugins'),
    TMPDIR: at(config, 'tmp'),
    HOME: at(config, 'home'),
    // A plugin in a pod finds the cluster by the service account; outside one it is told.
    KUBECONFIG: at(config, 'kubeconfig'),
  };
}

function serverArgs(config: ClusterConfig): string[] {
  const args = [
    'server',
    '--kubeconfig',
    at(config, 'kubeconfig'),
    '--namespace',
    config.namespace,
    '--plugin-dir',
    at(config, 'plugins'),
    '--default-item-operation-timeout',
    '1h',
    // It looks every minute whether this much time has passed; its default, a minute as well, often misses by a hair.
    '--backup-sync-period',
    '10s',
    // One at a time, its default, would make the second wait until Velero looks at its queue, once a minute.
    '--concurrent-backups',
    '4',
    '--log-format',
    'json',
    '--metrics-address',
    `${config.network.nodeIp}:8085`,
  ];
  if (config.veleroFeatures) args.push('--features', config.veleroFeatures);
  return args;
}

async function crds({ program, config }: Context): Promise<string> {
  const env = { HOME: at(config, 'home'), KUBECONFIG: config.paths.kubeconfig };
  return run(program('velero'), ['install', '--crds-only', '--dry-run', '-o', 'yaml'], { env });
}

function locationPath({ namespace }: ClusterConfig): string {
  return `/apis/velero.io/v1/namespaces/${namespace}/backupstoragelocations/default`;
}

/**
 * A new location is said to be Available, which Velero then checks for itself. Otherwise its first look
 * for backups in the bucket comes before it has checked, finds nothing to do, and the next a minute later.
 */
async function ensureStorageLocation({ config, kubectl, apply }: Context): Promise<void> {
  const location = storageLocation(config);
  if ((await apiObject(config, locationPath(config))) === undefined) {
    const text = JSON.stringify({ ...location, status: { phase: 'Available' } });
    await kubectl(['create', '-f', '-'], text);
  }
  await apply({ text: JSON.stringify(location) });
}

interface StorageLocation {
  readonly status?: {
    readonly phase?: string;
    readonly lastValidationTime?: string;
    readonly lastSyncedTime?: string;
  };
}

/** Checked, and the backups that lie in it are known. */
async function storageIsAvailable({ config }: Context): Promise<boolean> {
  const status = ((await apiObject(config, locationPath(config))) as StorageLocation | undefined)?.status;
  return (
    status?.phase === 'Available' && Boolean(status.lastValidationTime) && Boolean(status.lastSyncedTime)
  );
}

/** The location may be Available since before a restart; the list of plugins only comes from a server that works. */
async function serverAnswers({ program, config }: Context): Promise<boolean> {
  const args = ['plugin', 'get', '--timeout', '5s', '--namespace', config.namespace];
  const env = { HOME: at(config, 'home'), KUBECONFIG: config.paths.kubeconfig, NO_PROXY: '*' };
  return (await run(program('velero'), args, { env })).includes('velero.io/aws');
}

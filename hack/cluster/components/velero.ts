import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { apiObject } from '../api.ts';
import { run } from '../exec.ts';
import { serviceAccountKubeconfig } from '../service-account.ts';
import { awsCredentials, veleroManifests } from './velero-manifests.ts';
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
    // A fresh cluster finds the backups of the one before in the bucket; nobody should wait a minute for it.
    '--backup-sync-period',
    '10s',
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

async function storageIsAvailable({ config }: Context): Promise<boolean> {
  const location = await apiObject(config, locationPath(config));
  return (location as { status?: { phase?: string } } | undefined)?.status?.phase === 'Available';
}

/** The location may be Available since before a restart; the list of plugins only comes from a server that works. */
async function serverAnswers({ program, config }: Context): Promise<boolean> {
  const args = ['plugin', 'get', '--timeout', '5s', '--namespace', config.namespace];
  const env = { HOME: at(config, 'home'), KUBECONFIG: config.paths.kubeconfig, NO_PROXY: '*' };
  return (await run(program('velero'), args, { env })).includes('velero.io/aws');
}

import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { apiObject } from '../api.ts';
import { run } from '../exec.ts';
import { serviceAccountKubeconfig } from '../service-account.ts';
import type { ClusterConfig } from '../config.ts';
import type { Component, Context } from '../component.ts';
import { veleroManifests } from './velero-manifests.ts';

/** Our plugin's executable, as the build leaves it in `dist/plugin`. */
export const PLUGIN = 'velero-plugin-for-datamover';

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
    writeFileSync(at(config, 'credentials'), credentials(config), { mode: 0o600 });
    const kubeconfig = await serviceAccountKubeconfig(context, config.namespace, 'velero');
    writeFileSync(at(config, 'kubeconfig'), kubeconfig, { mode: 0o600 });
    note(copyPlugins(context));
  },
  process: ({ config, program }) => ({
    command: program('velero'),
    args: serverArgs(config),
    env: {
      VELERO_NAMESPACE: config.namespace,
      VELERO_SCRATCH_DIR: at(config, 'scratch'),
      AWS_SHARED_CREDENTIALS_FILE: at(config, 'credentials'),
      LD_LIBRARY_PATH: at(config, 'plugins'),
      TMPDIR: at(config, 'tmp'),
      HOME: at(config, 'home'),
    },
    netns: config.network.netnsPath,
  }),
  ready: async ({ config }) => isAvailable(await apiObject(config, locationPath(config))),
  readyTimeoutMs: 90_000,
};

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

function credentials({ s3 }: ClusterConfig): string {
  return `[default]\naws_access_key_id=${s3.accessKey}\naws_secret_access_key=${s3.secretKey}\n`;
}

/**
 * Velero runs whatever has an x bit in this folder: it holds real files only, executable or 0644, and
 * nothing of the time before. A program that runs cannot be overwritten, hence away with the old first.
 */
function copyPlugins({ config, program }: Context): string {
  const plugins = at(config, 'plugins');
  rmSync(plugins, { recursive: true, force: true });
  mkdirSync(plugins, { recursive: true });
  copyFileSync(program('velero-plugin-for-aws'), join(plugins, 'velero-plugin-for-aws'));
  chmodSync(join(plugins, 'velero-plugin-for-aws'), 0o755);
  const built = join(config.checkout, 'dist/plugin');
  if (!existsSync(join(built, PLUGIN))) return `without our plugin: there is no ${join(built, PLUGIN)}`;
  for (const name of readdirSync(built).filter((file) => statSync(join(built, file)).isFile())) {
    copyFileSync(join(built, name), join(plugins, name));
    chmodSync(join(plugins, name), name === PLUGIN ? 0o755 : 0o644);
  }
  return '';
}

function locationPath({ namespace }: ClusterConfig): string {
  return `/apis/velero.io/v1/namespaces/${namespace}/backupstoragelocations/default`;
}

function isAvailable(location: unknown): boolean {
  return (location as { status?: { phase?: string } } | undefined)?.status?.phase === 'Available';
}

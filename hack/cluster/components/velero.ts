import { apiObject } from '../api.ts';
import { run } from '../exec.ts';
import { importImages } from './containerd.ts';
import { veleroImages } from './velero-images.ts';
import { veleroManifests } from './velero-install.ts';
import type { ClusterConfig } from '../config.ts';
import type { Component, Context } from '../component.ts';
import type { VeleroImages } from './velero-images.ts';
import type { Manifest } from './velero-install.ts';

/** Velero as its own installer sets it up, with the AWS object-store plugin and ours from init containers. */
export const velero: Component = {
  name: 'velero',
  title: 'Velero',
  prepare: async (context, note) => {
    note('images');
    const images = await veleroImages(context, note);
    // Until its pod is wanted, the node can unpack the images.
    const imported = importImages(context, [images.velero, ...images.plugins], note);
    const [server] = await Promise.all([applyAllButServer(context, images), imported]);
    note('the Deployment');
    await applyAll(context, server);
    note(images.missing ?? '');
  },
  deployment: 'velero',
  ready: async (context) => (await storageIsAvailable(context)) && (await serverAnswers(context)),
  readyTimeoutMs: 120_000,
};

/** @returns the Deployment, which needs the images */
async function applyAllButServer(context: Context, images: VeleroImages): Promise<Manifest[]> {
  const manifests = await veleroManifests(context, images);
  const server = manifests.filter(({ kind }) => kind === 'Deployment');
  const locations = manifests.filter(({ kind }) => kind === 'BackupStorageLocation');
  // The CRD of locations is among these.
  await applyAll(
    context,
    manifests.filter((each) => !server.includes(each) && !locations.includes(each)),
  );
  for (const location of locations) await applyStorageLocation(context, location);
  return server;
}

/** Gives the running Deployment other feature flags; the next `up` takes them back. */
export async function patchFeatures({ config, kubectl }: Context, features: string): Promise<void> {
  const deployment = ['deployment/velero', '--namespace', config.namespace];
  const template = '{.spec.template.spec.containers[0].args}';
  const printed = await kubectl(['get', ...deployment, '--output', `jsonpath=${template}`]);
  const args = (JSON.parse(printed) as string[]).map((arg) =>
    arg.startsWith('--features=') ? `--features=${features}` : arg,
  );
  // With EnableCSI it looks for its snapshots every second, not every five.
  const env = [{ name: 'CSI_SNAPSHOT_EARLY_FREQUENT_POLLING', value: 'true' }];
  const patch = { spec: { template: { spec: { containers: [{ name: 'velero', args, env }] } } } };
  await kubectl(['patch', ...deployment, '--type', 'strategic', '--patch', JSON.stringify(patch)]);
}

function applyAll({ apply }: Context, items: readonly object[]): Promise<void> {
  return apply({ text: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }) });
}

function locationPath({ namespace }: ClusterConfig): string {
  return `/apis/velero.io/v1/namespaces/${namespace}/backupstoragelocations/default`;
}

/**
 * A new location is said to be Available, which Velero then checks for itself. Otherwise its first look
 * for backups in the bucket comes before it has checked, finds nothing to do, and the next a minute later.
 */
async function applyStorageLocation({ config, kubectl, apply }: Context, printed: Manifest): Promise<void> {
  // It looks every minute whether this much time has passed; its default, a minute as well, often misses by a hair.
  const location = { ...printed, spec: { ...printed.spec, default: true, backupSyncPeriod: '10s' } };
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
  const env = { HOME: config.paths.velero, KUBECONFIG: config.paths.kubeconfig, NO_PROXY: '*' };
  return (await run(program('velero'), args, { env })).includes('velero.io/aws');
}

import { apiObject } from '../api.ts';
import { run } from '../exec.ts';
import { importImages } from './containerd.ts';
import { veleroImages } from './velero-images.ts';
import { veleroManifests } from './velero-install.ts';
import type { ClusterConfig } from '../config.ts';
import type { Component, Context } from '../component.ts';
import type { VeleroImages } from './velero-images.ts';
import type { Manifest } from './velero-install.ts';

/** Velero as its own installer sets it up, with the AWS object store plugin and ours as init containers. */
export const velero: Component = {
  name: 'velero',
  title: 'Velero',
  prepare: async (context, note) => {
    note('images');
    const images = await veleroImages(context, note);
    // The node unpacks the images while the other objects are applied.
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

/** Applies all objects of the installer except the Deployment. @returns the Deployment, which needs the images */
async function applyAllButServer(context: Context, images: VeleroImages): Promise<Manifest[]> {
  const manifests = await veleroManifests(context, images);
  const server = manifests.filter(({ kind }) => kind === 'Deployment');
  const locations = manifests.filter(({ kind }) => kind === 'BackupStorageLocation');
  // These include the CRD of backup storage locations.
  await applyAll(
    context,
    manifests.filter((each) => !server.includes(each) && !locations.includes(each)),
  );
  for (const location of locations) await applyStorageLocation(context, location);
  return server;
}

/** Changes the feature flags of the running Deployment; the next `up` reverts them. */
export async function patchFeatures({ config, kubectl }: Context, features: string): Promise<void> {
  const deployment = ['deployment/velero', '--namespace', config.namespace];
  const template = '{.spec.template.spec.containers[0].args}';
  const printed = await kubectl(['get', ...deployment, '--output', `jsonpath=${template}`]);
  const args = (JSON.parse(printed) as string[]).map((arg) =>
    arg.startsWith('--features=') ? `--features=${features}` : arg,
  );
  // With EnableCSI, makes Velero poll its snapshots every second instead of every five.
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
 * Creates a new location as Available, although Velero has not validated it yet. Otherwise Velero's first sync of the bucket runs
 * before the validation, does nothing, and the next sync is a minute later.
 */
async function applyStorageLocation({ config, kubectl, apply }: Context, printed: Manifest): Promise<void> {
  // Velero checks once a minute whether this period has passed. The default, also a minute, often misses that check narrowly.
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

/** Reports whether the location is validated and its backups have been synced. */
async function storageIsAvailable({ config }: Context): Promise<boolean> {
  const status = ((await apiObject(config, locationPath(config))) as StorageLocation | undefined)?.status;
  return (
    status?.phase === 'Available' && Boolean(status.lastValidationTime) && Boolean(status.lastSyncedTime)
  );
}

/** Checks that the server lists its plugins. The location alone may be Available since before a restart. */
async function serverAnswers({ program, config }: Context): Promise<boolean> {
  const args = ['plugin', 'get', '--timeout', '5s', '--namespace', config.namespace];
  const env = { HOME: config.paths.velero, KUBECONFIG: config.paths.kubeconfig, NO_PROXY: '*' };
  return (await run(program('velero'), args, { env })).includes('velero.io/aws');
}

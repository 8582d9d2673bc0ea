import { existsSync, mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { apiObject } from '../api.ts';
import { doubleStamp } from '../sources.ts';
import { FAST } from './snapshots.ts';
import type { Component, Context } from '../component.ts';

/** The test driver's name, also in StorageClasses and VolumeSnapshotClasses. */
export const CSI_DRIVER = 'csi-test.datamover.local';

function folder({ config }: Context): string {
  return join(config.checkout, 'hack/cluster/doubles/csi-driver');
}

function socket({ config }: Context): string {
  return join(config.paths.kubelet, 'plugins', CSI_DRIVER, 'csi.sock');
}

function absent(context: Context): string | undefined {
  const main = join(folder(context), 'main.ts');
  return existsSync(main) ? undefined : `not built yet: there is no ${main}`;
}

/** The test driver: volumes are plain folders, snapshots are copies of them. */
export const csiDriver: Component = {
  name: 'csi-driver',
  title: 'CSI test driver',
  absent,
  // csi-snapshotter exits when the connection to its driver breaks.
  takesDown: ['csi-snapshotter'],
  prepare: async (context) => {
    mkdirSync(context.config.paths.csi, { recursive: true });
    const manifests = join(folder(context), 'manifests');
    if (existsSync(manifests)) await context.apply({ path: manifests });
  },
  process: (context) => ({
    command: process.execPath,
    args: [
      join(folder(context), 'main.ts'),
      '--name',
      CSI_DRIVER,
      '--node-name',
      context.config.nodeName,
      '--kubelet-dir',
      context.config.paths.kubelet,
      '--data-dir',
      context.config.paths.csi,
      '--kubeconfig',
      context.config.paths.kubeconfig,
    ],
    fingerprint: doubleStamp(context.config.checkout, 'csi-driver'),
    netns: context.config.network.netnsPath,
  }),
  // The registration and the socket file may both be from before a restart.
  ready: async (context) => (await listens(socket(context))) && (await isRegistered(context)),
};

export const csiSnapshotter: Component = {
  name: 'csi-snapshotter',
  title: 'csi-snapshotter',
  absent,
  process: (context) => ({
    command: context.program('external-snapshotter', 'csi-snapshotter'),
    args: [
      `--csi-address=${socket(context)}`,
      `--kubeconfig=${context.config.paths.kubeconfig}`,
      '--timeout=60s',
      '--extra-create-metadata',
      ...FAST,
    ],
    netns: context.config.network.netnsPath,
  }),
};

function listens(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(path);
    connection.once('connect', () => {
      connection.destroy();
      resolve(true);
    });
    connection.once('error', () => {
      resolve(false);
    });
  });
}

interface CsiNode {
  readonly spec?: { readonly drivers?: readonly { readonly name: string }[] };
}

/** Checks the node's CSINode, in which kubelet lists registered drivers. */
async function isRegistered({ config }: Context): Promise<boolean> {
  const path = `/apis/storage.k8s.io/v1/csinodes/${config.nodeName}`;
  const drivers = ((await apiObject(config, path)) as CsiNode | undefined)?.spec?.drivers ?? [];
  return drivers.some(({ name }) => name === CSI_DRIVER);
}

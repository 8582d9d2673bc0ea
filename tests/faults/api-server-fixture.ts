import { globSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { storageClasses } from '../../api/kubernetes/core.ts';
import { volumeSnapshotClasses } from '../../api/kubernetes/snapshot.ts';
import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import type { DataMoverClass } from '../../api/datamover/v1alpha1/data-mover-class.ts';
import {
  dataMoverBackups,
  dataMoverClasses,
  dataMoverDeletes,
  dataMoverPrunes,
  dataMoverRestores,
} from '../../api/datamover/v1alpha1/kinds.ts';
import { toolFolders } from '../../hack/cluster/tools.ts';
import { createKubeClient } from '../../kube/client/http-kube-client.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { LEFT_BEHIND } from '../fakes/cluster/left-behind.ts';
import { startControlPlane, type ControlPlane } from '../integration/control-plane.ts';
import { installCrds, type Crd } from '../integration/install-crds.ts';
import { DRIVER } from './actors.ts';
import { Relay } from './relay.ts';
import { installVeleroKinds } from './tenants.ts';

const WATCHED: readonly Kind<Resource>[] = [
  ...LEFT_BEHIND,
  dataMoverClasses,
  dataMoverBackups,
  dataMoverRestores,
  dataMoverDeletes,
  dataMoverPrunes,
  storageClasses,
  volumeSnapshotClasses,
];

/** One control plane for all stories: etcd, kube-apiserver, and the volume controllers of kube-controller-manager. */
export interface ApiServerFixture {
  /** Without a limit on concurrent requests, and without faults. */
  client: KubeClient;
  /** The client with which the controllers under test write; default: {@link client}. */
  controller: KubeClient;
  /** For leases only: renewals must not queue behind the work of all stories. */
  elections: KubeClient;
  plane: ControlPlane;
  relay: Relay;
  stop(): Promise<void>;
}

export async function startApiServerFixture(users: readonly string[] = []): Promise<ApiServerFixture> {
  const plane = await startControlPlane(users);
  const client = createKubeClient(plane.config, {
    fieldManager: 'datamover-controller',
    maxConnections: 24,
    // The stories do not retry their own writes, so a machine that was paused for a while must not break them.
    timeoutMs: 120_000,
  });
  const elections = createKubeClient(plane.config, {
    fieldManager: 'datamover-controller',
    maxConnections: 8,
    timeoutMs: 5_000,
  });
  const over = new AbortController();
  const stop = async (): Promise<void> => {
    over.abort();
    await Promise.all([client.close(), elections.close()]);
    await plane.stop();
  };
  try {
    await installCrds(client, foreignCrds());
    await installVeleroKinds(client);
    await plane.startControllers(
      'persistentvolume-binder-controller',
      'persistentvolumeclaim-protection-controller',
      'persistentvolume-protection-controller',
      'garbage-collector-controller',
    );
    await share(client);
    const relay = new Relay(client, WATCHED);
    await relay.run(over.signal);
    return { client, controller: client, elections, plane, relay, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Returns the CRDs of the snapshot controller, as released, and of VolSync, as far as we use it. */
function foreignCrds(): Crd[] {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'datamover');
  const files = [
    ...globSync(join(toolFolders(cache)['external-snapshotter'], 'crds', 'snapshot.storage.k8s.io_*.yaml')),
    ...globSync(join(import.meta.dirname, '../../hack/cluster/doubles/volsync/crds/*.yaml')),
  ];
  return files.map((file) => parse(readFileSync(file, 'utf8')) as Crd);
}

/** Creates what all stories use: classes with one slot only, so that a slot that is lost or given twice is detected. */
async function share(client: KubeClient): Promise<void> {
  const limits = { backups: 1, restores: 1 };
  const isDefault = { annotations: { 'oadp.openshift.io/default': 'true' } };
  await makeClass(client, { name: 'volsync', ...isDefault }, { limits });
  await makeClass(client, { name: 'restic' }, { mover: 'Restic', limits });
  await makeClass(client, { name: 'live' }, { capture: 'Live', limits });
  await makeClass(client, { name: 'verified' }, { verify: 'Data', limits });
  await makeClass(client, { name: 'tidy' }, { repositories: { removeEmpty: true } });
  await client.create(storageClasses, {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'fast' },
    provisioner: DRIVER,
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'Immediate',
  });
  await client.create(volumeSnapshotClasses, {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshotClass',
    metadata: { name: 'snapshots' },
    driver: DRIVER,
    deletionPolicy: 'Retain',
  });
}

async function makeClass(
  client: KubeClient,
  metadata: DataMoverClass['metadata'],
  spec: object,
): Promise<void> {
  await client.create(dataMoverClasses, {
    apiVersion: 'oadp.openshift.io/v1alpha1',
    kind: 'DataMoverClass',
    metadata,
    spec: { mover: 'VolSync', ...spec },
  } as unknown as DataMoverClass);
}

import { afterAll, afterEach, beforeAll } from '@jest/globals';
import {
  configMaps,
  persistentVolumeClaims,
  type ConfigMap,
  type PersistentVolumeClaim,
} from '../../api/kubernetes/core.ts';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import type { DataMoverClass } from '../../api/datamover/v1alpha1/data-mover-class.ts';
import { annotations, labels, pluginConfig } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverBackups, dataMoverClasses } from '../../api/datamover/v1alpha1/kinds.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { createNamespace, startTestCluster, type TestCluster } from './cluster.ts';
import { claim } from './objects.ts';
import { discover, openSession, type Session } from './session.ts';
import { startVeleroHost, type VeleroHost } from './velero-host.ts';

/** The built executable, called by Velero's client, and a real API server with our kinds. */

const CAPTURED_AT = '2026-01-01T00:00:10Z';

let cluster: TestCluster;
let host: VeleroHost;
export let kube: KubeClient;
export let session: Session;
let count = 0;

/** Starts the plugin and an API server before all tests of a file, and ends the session of each test. */
export function useActions(): void {
  beforeAll(async () => {
    cluster = await startTestCluster();
    kube = cluster.kube;
    host = await startVeleroHost({ env: { KUBECONFIG: cluster.kubeconfig } });
    await discover(host);
  }, 600_000);

  afterAll(async () => {
    await host.close();
    await cluster.stop();
  });

  afterEach(async () => {
    await session.close();
  });
}

/** Opens a session. It is one process, so what the plugin keeps in memory lives as long as the session. */
export async function begin(): Promise<Session> {
  session = await openSession(host, `actions-${String(++count)}`);
  return session;
}

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

export function uidOf(object: { metadata: { uid?: string } }): string {
  return object.metadata.uid ?? '';
}

/** Sets the plugin's ConfigMap in the protected namespace. */
export async function switchTo(enable: string): Promise<void> {
  await kube.apply<ConfigMap>(configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: 'data-mover',
      namespace: 'velero',
      labels: { [pluginConfig.label]: '', [pluginConfig.name]: 'BackupItemActionV2' },
    },
    data: { enable },
  });
}

export async function createClass(
  name: string,
  how: { default?: boolean; selector?: string },
): Promise<void> {
  const object = {
    apiVersion: 'oadp.openshift.io/v1alpha1',
    kind: 'DataMoverClass',
    metadata: { name, annotations: how.default === true ? { [annotations.defaultClass]: 'true' } : {} },
    spec: { mover: 'VolSync', ...(how.selector === undefined ? {} : { selector: how.selector }) },
  };
  await kube.create(dataMoverClasses, object as unknown as DataMoverClass);
}

/** Creates a bound claim in a namespace of its own. */
export async function createClaim(
  namespace: string,
  name: string,
  own: Record<string, string> = {},
): Promise<PersistentVolumeClaim> {
  await createNamespace(kube, namespace).catch(() => undefined);
  const { status, ...object } = claim(namespace, name, { metadata: { uid: undefined, labels: own } });
  await kube.create(persistentVolumeClaims, object);
  return kube.mergePatch(persistentVolumeClaims, { namespace, name }, { status }, { subresource: 'status' });
}

export async function setStatus(
  key: { namespace: string; name: string },
  status: NonNullable<DataMoverBackup['status']>,
): Promise<void> {
  await kube.mergePatch(dataMoverBackups, key, { status }, { subresource: 'status' });
}

/** Acts as the controller for one request: captures its source as soon as it appears. */
export async function capture(namespace: string, name: string): Promise<void> {
  const { resourceVersion } = await kube.listPage(dataMoverBackups, { namespace });
  const watch = { namespace, resourceVersion, timeoutSeconds: 60, idleTimeoutMs: 60_000 };
  for await (const { object } of kube.watch(dataMoverBackups, watch)) {
    if (object.metadata.name !== name) continue;
    await setStatus(
      { namespace, name },
      { phase: 'Queued', capture: { consistency: 'PointInTime', time: CAPTURED_AT } },
    );
    return;
  }
}

/** Returns a finished DataMoverBackup as it is stored in a backup. */
export function storedRecord(name: string, veleroBackupName: string): DataMoverBackup {
  return {
    apiVersion: 'oadp.openshift.io/v1alpha1',
    kind: 'DataMoverBackup',
    metadata: { name, namespace: 'app', labels: { [labels.veleroBackupName]: veleroBackupName } },
    spec: { dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'data' } },
    status: {
      phase: 'Completed',
      dataMoverClass: 'standard',
      volume: {
        pvcName: 'data',
        namespace: 'app',
        accessModes: ['ReadWriteOnce'],
        volumeMode: 'Filesystem',
        capacity: '1Gi',
      },
    },
  };
}

import { afterAll, beforeAll } from '@jest/globals';
import { namespaces } from '../../api/kubernetes/core.ts';
import { keyOf, type Kind, type Resource } from '../../api/kubernetes/meta.ts';
import { dataMoverBackups, dataMoverRestores } from '../../api/datamover/v1alpha1/kinds.ts';
import { createKubeClient } from '../../kube/client/http-kube-client.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { startApiServerFixture, type ApiServerFixture } from './api-server-fixture.ts';
import { addForeignContent, bind, clusterRoles, grant, installConfig } from './tenants.ts';
import { StoryHarness } from './story-harness.ts';

/**
 * A tenant that may edit one namespace uses its rights to try to reach what belongs to others: the data of another namespace, or
 * objects in the protected namespace. API server, RBAC and our roles and policies are real, and the controller has only the
 * rights of its manifest.
 */

export const TENANT = 'mallory';
export const VELERO = 'velero';
export const CONTROLLER = 'system:serviceaccount:velero-1:datamover-controller';
export const VICTIM = 'victim';

export let apiServer: ApiServerFixture;
export let harness: StoryHarness;
export let admin: KubeClient;
/** Clients with the rights of the tenant and of Velero. */
export let tenant: KubeClient;
export let velero: KubeClient;
export const clients: KubeClient[] = [];

/** Starts an API server with a tenant and a victim, and a controller, before all tests of a file. */
export function useTenant(): void {
  beforeAll(async () => {
    apiServer = await startApiServerFixture([TENANT, VELERO, CONTROLLER]);
    const as = (user: string): KubeClient => {
      const made = createKubeClient(apiServer.plane.as(user), { fieldManager: user, maxConnections: 8 });
      clients.push(made);
      return made;
    };
    admin = apiServer.client;
    [tenant, velero] = [as(TENANT), as(VELERO)];
    apiServer.controller = as(CONTROLLER);
    harness = new StoryHarness(apiServer);
    await harness.setUp();
    await installConfig(apiServer.plane, harness.protected);
    await apiServer.plane.startControllers('clusterrole-aggregation-controller');
    await admin.create(namespaces, { metadata: { name: VICTIM } } as never);
    await bind(admin, harness.app, TENANT, { name: 'edit' });
    await grant(admin, harness.app, TENANT, 'snapshots', {
      apiGroups: ['snapshot.storage.k8s.io'],
      resources: ['volumesnapshots'],
      verbs: ['*'],
    });
    // More than our role for tenants grants: a cluster may be careless.
    await grant(admin, harness.app, TENANT, 'deletes', {
      apiGroups: ['oadp.openshift.io'],
      resources: ['datamoverdeletes'],
      verbs: ['*'],
    });
    await admin.create(clusterRoles, {
      metadata: { name: 'cluster-wide' },
      rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }],
    } as never);
    await bind(admin, harness.app, VELERO, { name: 'cluster-wide' });
    await harness.addSource('data', 'mine');
    await addForeignContent(admin, VICTIM, 'content-of-victim');
    await until('the tenant may make requests', async () => (await tryAs(tenant, {})) === 'made');
    const process = harness.boot(() => (_, act) => act());
    await process.warm;
    process.lead();
  }, 300_000);

  afterAll(async () => {
    await harness.stop();
    await Promise.all(clients.map((client) => client.close()));
    await apiServer.stop();
  }, 300_000);
}

export async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const giveUpAt = Date.now() + 120_000;
  while (!(await condition())) {
    if (Date.now() > giveUpAt) throw new Error(`${what}: not so after 120 s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

let count = 0;

export interface Wish {
  kind?: Kind<Resource>;
  spec?: object;
  metadata?: object;
  status?: object;
}

export const VOLUME = {
  pvcName: 'data',
  namespace: 'app-1',
  accessModes: ['ReadWriteOnce'],
  volumeMode: 'Filesystem',
  capacity: '2Gi',
};

/** A backup that ends before it starts. */
export const NOTHING = { dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'none' } };

export const claimRef = { dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'data' } };

export function make<T extends Resource>(
  who: KubeClient,
  { kind, spec, metadata, ...more }: Wish,
): Promise<T> {
  const wish = {
    metadata: { namespace: harness.app, name: `try-${++count}`, ...metadata },
    spec: spec ?? claimRef,
    ...more,
  };
  return who.create(kind ?? dataMoverBackups, wish as never) as unknown as Promise<T>;
}

/** Returns the API server's error, or deletes the object again if it was accepted. */
export async function tryAs(who: KubeClient, wish: Wish): Promise<string> {
  try {
    const made = await make(who, { spec: NOTHING, ...wish });
    await admin.delete(wish.kind ?? dataMoverBackups, keyOf(made));
    return 'made';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Returns a restore from another tenant's repository; `changes` are to the result. */
export function restoreOf(repository: string, changes: object = {}, source: object = {}): Wish {
  const result = { mover: 'VolSync', repository, snapshotID: 'abcdef01', ...changes };
  return {
    kind: dataMoverRestores,
    spec: { destinationClaimRef: { name: 'restored' }, source: { backupName: 'b', result, ...source } },
  };
}

export const snapshotContent = (name: string): Wish => ({
  spec: { dataSourceRef: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshotContent', name } },
});
export const withConfig = (config: object): Wish => ({ spec: { ...claimRef, config } });

/** Labels and annotations as the plugin writes them. */
export const marked = (uid = 'uid-of-backup'): object => ({
  labels: { 'velero.io/backup-uid': uid },
  annotations: { 'oadp.openshift.io/velero-backup': 'nightly' },
});

export function nested(depth: number): object {
  let value: object = {};
  for (let level = 0; level < depth; level++) value = { a: value };
  return value;
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { namespaces } from '../../api/kubernetes/core.ts';
import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import { createKubeClient } from '../../kube/client/http-kube-client.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { installConfig } from '../faults/tenants.ts';
import { startControlPlane, type ControlPlane } from './control-plane.ts';

/** `kubectl auth can-i` as an object. */
interface SubjectAccessReview extends Resource {
  spec: {
    user: string;
    groups?: string[];
    resourceAttributes: {
      group: string;
      resource: string;
      subresource?: string;
      verb: string;
      namespace?: string;
    };
  };
  status?: { allowed: boolean };
}

const rbac = 'rbac.authorization.k8s.io';
const reviews: Kind<SubjectAccessReview> = {
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SubjectAccessReview',
  plural: 'subjectaccessreviews',
  namespaced: false,
};
const KINDS: Record<string, Kind<Resource>> = {
  ServiceAccount: {
    group: '',
    version: 'v1',
    kind: 'ServiceAccount',
    plural: 'serviceaccounts',
    namespaced: true,
  },
  ClusterRole: { group: rbac, version: 'v1', kind: 'ClusterRole', plural: 'clusterroles', namespaced: false },
  ClusterRoleBinding: {
    group: rbac,
    version: 'v1',
    kind: 'ClusterRoleBinding',
    plural: 'clusterrolebindings',
    namespaced: false,
  },
  Role: { group: rbac, version: 'v1', kind: 'Role', plural: 'roles', namespaced: true },
  RoleBinding: { group: rbac, version: 'v1', kind: 'RoleBinding', plural: 'rolebindings', namespaced: true },
};

const FILES = [
  'rbac/cluster-role.yaml',
  'rbac/tenant-roles.yaml',
  'installation/service-account.yaml',
  'installation/role.yaml',
  'installation/cluster-role-binding.yaml',
];

let plane: ControlPlane;
let client: KubeClient;

beforeAll(async () => {
  plane = await startControlPlane();
  client = createKubeClient(plane.config, { fieldManager: 'test' });
  for (const name of ['velero', 'shop']) {
    await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }
  for (const object of FILES.flatMap(read)) await install(object);
}, 300_000);

afterAll(async () => {
  await client.close();
  await plane.stop();
});

function read(file: string): Resource[] {
  const text = readFileSync(join(import.meta.dirname, '../../config', file), 'utf8');
  return parseAllDocuments(text).map((document) => document.toJS() as Resource);
}

async function install(object: Resource): Promise<void> {
  const kind = KINDS[object.kind];
  if (kind === undefined) throw new Error(`config holds a ${object.kind}, which this test does not know`);
  const metadata = { ...object.metadata, ...(kind.namespaced && { namespace: 'velero' }) };
  await client.apply(kind, { ...object, metadata });
}

/**
 * Checks `<verb> <resource>[.<group>][/<subresource>] [in <namespace>]`, e.g. `patch datamoverbackups.oadp.openshift.io/status`.
 */
async function controllerMay(wish: string, installation = 'velero'): Promise<boolean> {
  const [, verb, resource, group = '', subresource, namespace] =
    /^(\w+) (\w+)(?:\.([\w.]+))?(?:\/(\w+))?(?: in ([\w-]+))?$/.exec(wish) ?? [];
  if (verb === undefined || resource === undefined) throw new Error(`cannot read "${wish}"`);
  const { status } = await client.create(reviews, {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    metadata: {} as Resource['metadata'],
    spec: {
      user: `system:serviceaccount:${installation}:datamover-controller`,
      groups: ['system:serviceaccounts', 'system:authenticated'],
      resourceAttributes: {
        verb,
        resource,
        group,
        ...(subresource !== undefined && { subresource }),
        ...(namespace !== undefined && { namespace }),
      },
    },
  });
  return status?.allowed ?? false;
}

describe('the controller', () => {
  it.each([
    'watch datamoverclasses.oadp.openshift.io',
    'patch datamoverclasses.oadp.openshift.io',
    'watch datamoverbackups.oadp.openshift.io',
    'patch datamoverbackups.oadp.openshift.io in shop',
    'patch datamoverbackups.oadp.openshift.io/status in shop',
    'patch datamoverrestores.oadp.openshift.io/status in shop',
    'patch datamoverdeletes.oadp.openshift.io/status in velero',
    'delete datamoverbackups.oadp.openshift.io in shop',
    'create datamoverdeletes.oadp.openshift.io in velero',
    'watch persistentvolumeclaims',
    'patch persistentvolumeclaims in shop',
    'create persistentvolumeclaims in velero',
    'create persistentvolumes',
    'create volumesnapshots.snapshot.storage.k8s.io in shop',
    'delete volumesnapshotcontents.snapshot.storage.k8s.io',
    'list pods in shop',
    'watch nodes',
    'watch storageclasses.storage.k8s.io',
    'create secrets in velero',
    'get pods/log in velero',
    'watch jobs.batch in velero',
    'patch replicationsources.volsync.backube in velero',
    'create replicationdestinations.volsync.backube in velero',
    'patch replicationdestinations.volsync.backube in velero',
    'get restores.velero.io in velero',
    'create leases.coordination.k8s.io in velero',
    'create events.events.k8s.io in shop',
  ])('may %s', async (wish) => {
    expect(await controllerMay(wish)).toBe(true);
  });

  it.each([
    'get secrets in shop',
    'list secrets',
    'list secrets in velero',
    'patch leases.coordination.k8s.io in velero',
    'delete datamoverclasses.oadp.openshift.io',
    'list leases.coordination.k8s.io',
    'get secrets',
    'create pods in shop',
    'delete pods in shop',
    'create persistentvolumeclaims in shop',
    'delete persistentvolumeclaims in shop',
    'create datamoverbackups.oadp.openshift.io in shop',
    'create datamoverdeletes.oadp.openshift.io in shop',
    'create replicationsources.volsync.backube in shop',
    'delete backups.velero.io in velero',
    'delete namespaces',
    'patch clusterroles.rbac.authorization.k8s.io',
  ])('may not %s', async (wish) => {
    expect(await controllerMay(wish)).toBe(false);
  });
});

describe('the controller that may overwrite claims', () => {
  beforeAll(async () => {
    for (const object of read('overwrite/cluster-role.yaml')) await install(object);
  });

  it.each([
    'list pods in shop',
    'list volumeattachments.storage.k8s.io',
    'delete persistentvolumeclaims in shop',
    'create persistentvolumeclaims in shop',
  ])('may also %s', async (wish) => {
    expect(await controllerMay(wish)).toBe(true);
  });

  it.each(['delete pods in shop', 'create pods in shop', 'get secrets in shop'])(
    'still may not %s',
    async (wish) => {
      expect(await controllerMay(wish)).toBe(false);
    },
  );
});

describe('a second installation', () => {
  const SECOND = 'velero-b';
  const mayIn = (namespace: string, wish: string): Promise<boolean> => controllerMay(wish, namespace);

  beforeAll(async () => {
    await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: SECOND } });
    await installConfig(plane, SECOND);
  });

  it('has the rights in its own namespace and none in that of the first', async () => {
    expect(await mayIn(SECOND, 'patch datamoverbackups.oadp.openshift.io/status in shop')).toBe(true);
    expect(await mayIn(SECOND, 'create secrets in velero-b')).toBe(true);
    expect(await mayIn(SECOND, 'create secrets in velero')).toBe(false);
    expect(await mayIn(SECOND, 'get backups.velero.io in velero')).toBe(false);
  });

  it('leaves the first one its rights', async () => {
    expect(await mayIn('velero', 'patch datamoverbackups.oadp.openshift.io/status in shop')).toBe(true);
    expect(await mayIn('velero', 'create secrets in velero')).toBe(true);
    expect(await mayIn('velero', 'create secrets in velero-b')).toBe(false);
  });
});

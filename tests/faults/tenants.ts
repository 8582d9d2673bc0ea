import { execFile } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { VolumeSnapshotContent } from '../../api/kubernetes/snapshot.ts';
import { volumeSnapshotContents } from '../../api/kubernetes/snapshot.ts';
import { backups, restores, type Restore } from '../../api/velero/v1.ts';
import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import { applyConfigDefault } from '../../hack/cluster/config-default.ts';
import { toolFolders } from '../../hack/cluster/tools.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { ControlPlane } from '../integration/control-plane.ts';
import { installCrds, type Crd } from '../integration/install-crds.ts';
import { DRIVER } from './actors.ts';

/** What a cluster with tenants has beside the objects of the shared API server. */

const RBAC = 'rbac.authorization.k8s.io';
type Rule = Readonly<Record<'apiGroups' | 'resources' | 'verbs', readonly string[]>>;
type Role = Resource & { rules: readonly Rule[] };
type RoleBinding = Resource & { roleRef: object; subjects: readonly object[] };

const rbacKind = <T extends Resource>(kind: string, plural: string, namespaced: boolean): Kind<T> => ({
  group: RBAC,
  version: 'v1',
  kind,
  plural,
  namespaced,
});
export const clusterRoles = rbacKind<Role>('ClusterRole', 'clusterroles', false);
const roles = rbacKind<Role>('Role', 'roles', true);
const roleBindings = rbacKind<RoleBinding>('RoleBinding', 'rolebindings', true);

export const policyBindings: Kind<Resource> = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicyBinding',
  plural: 'validatingadmissionpolicybindings',
  namespaced: false,
};

/** Installs config/default as users do. */
export async function installConfig({ kubeconfig }: ControlPlane, namespace: string): Promise<void> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'datamover');
  const kubectl = join(toolFolders(cache).kubernetes, 'bin', 'kubectl');
  await applyConfigDefault(join(import.meta.dirname, '../..'), namespace, (args) =>
    promisify(execFile)(kubectl, ['--kubeconfig', kubeconfig, ...args], {
      env: { ...process.env, NO_PROXY: '*' },
    }),
  );
}

const subject = (name: string) => ({ apiGroup: RBAC, kind: 'User', name });

/** Binds a user to a ClusterRole in one namespace. */
export async function bind(
  client: KubeClient,
  namespace: string,
  user: string,
  role: { kind?: 'ClusterRole' | 'Role'; name: string },
): Promise<void> {
  await client.create(roleBindings, {
    metadata: { namespace, name: `${user}-${role.name}` },
    roleRef: { apiGroup: RBAC, kind: role.kind ?? 'ClusterRole', name: role.name },
    subjects: [subject(user)],
  } as unknown as RoleBinding);
}

/** Grants a user rights of its own in one namespace. */
export async function grant(
  client: KubeClient,
  namespace: string,
  user: string,
  name: string,
  rule: Rule,
): Promise<void> {
  await client.create(roles, { metadata: { namespace, name }, rules: [rule] } as unknown as Role);
  await bind(client, namespace, user, { kind: 'Role', name });
}

/** Installs Velero's kinds with schemas that accept any field. */
export async function installVeleroKinds(client: KubeClient): Promise<void> {
  await installCrds(client, [backups, restores].map(looseCrd));
}

function looseCrd({ group, kind, plural, version }: Kind<Resource>): Crd {
  const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, plural },
      versions: [{ name: version, served: true, storage: true, schema: { openAPIV3Schema: open } }],
    },
  } as unknown as Crd;
}

/** Adds a Velero Restore with its Backup. */
export async function addVeleroRestore(
  client: KubeClient,
  { namespace, name }: { namespace: string; name: string },
  spec: Restore['spec'],
  phase: string,
): Promise<Restore> {
  await client.create(backups, { metadata: { namespace, name }, spec: {} } as never);
  return client.create(restores, {
    metadata: { namespace, name },
    spec: { backupName: name, ...spec },
    status: { phase },
  } as never);
}

/** Adds the VolumeSnapshotContent of a snapshot in another namespace, as the snapshot controller creates it. */
export async function addForeignContent(client: KubeClient, namespace: string, name: string): Promise<void> {
  await client.create(volumeSnapshotContents, {
    metadata: { name },
    spec: {
      deletionPolicy: 'Retain',
      driver: DRIVER,
      source: { snapshotHandle: `handle-of-${name}` },
      volumeSnapshotRef: { namespace, name: 'precious', uid: '5c5c5c5c-0000-4000-8000-000000000000' },
    },
  } as unknown as VolumeSnapshotContent);
}

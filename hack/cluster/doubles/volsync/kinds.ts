import type { Kind, Resource } from '../../../../api/kubernetes/meta.ts';

/** Kinds that only the double writes. */

export interface Role extends Resource {
  rules: object[];
}

export interface RoleBinding extends Resource {
  roleRef: { apiGroup: string; kind: string; name: string };
  subjects: { kind: string; name: string; namespace?: string }[];
}

const RBAC = 'rbac.authorization.k8s.io';

export const serviceAccounts: Kind<Resource> = {
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  namespaced: true,
};
export const roles: Kind<Role> = {
  group: RBAC,
  version: 'v1',
  kind: 'Role',
  plural: 'roles',
  namespaced: true,
};
export const roleBindings: Kind<RoleBinding> = {
  group: RBAC,
  version: 'v1',
  kind: 'RoleBinding',
  plural: 'rolebindings',
  namespaced: true,
};

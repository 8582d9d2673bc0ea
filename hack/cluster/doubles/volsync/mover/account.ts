import { ownerReferenceOf } from '../api.ts';
import { createdBy } from '../keys.ts';
import { roleBindings, roles, serviceAccounts } from '../kinds.ts';
import { mustGet } from '../lookup.ts';
import type { Scope } from '../scope.ts';
import { accountName, directionOf } from '../names.ts';

/** The rule that allows a privileged mover to use VolSync's own security context constraints on OpenShift. */
const PRIVILEGED_RULE = {
  apiGroups: ['security.openshift.io'],
  resources: ['securitycontextconstraints'],
  resourceNames: ['volsync-privileged-mover'],
  verbs: ['use'],
};

/** Returns the mover's ServiceAccount: the user's, which must exist, or a created one with its own Role. */
export async function ensureAccount(scope: Scope): Promise<string> {
  const { client, owner, namespace, restic, privileged, signal } = scope;
  const chosen = restic.moverServiceAccount ?? '';
  if (chosen !== '') {
    await mustGet(scope, serviceAccounts, chosen);
    return chosen;
  }
  const name = accountName(directionOf(owner), owner.metadata.name);
  const metadata = { name, namespace, labels: { ...createdBy }, ownerReferences: [ownerReferenceOf(owner)] };
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  await client.apply(serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata }, { signal });
  const rules = privileged ? [PRIVILEGED_RULE] : [];
  await client.apply(roles, { apiVersion, kind: 'Role', metadata, rules }, { signal });
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name };
  const subjects = [{ kind: 'ServiceAccount', name, namespace }];
  await client.apply(
    roleBindings,
    { apiVersion, kind: 'RoleBinding', metadata, roleRef, subjects },
    { signal },
  );
  return name;
}

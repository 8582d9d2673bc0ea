import type { PersistentVolumeClaim, Pod } from '../../api/kubernetes/core.ts';
import type { Backup } from '../../api/velero/v1.ts';
import { matchesLabelSelector } from '../../api/kubernetes/label-selector.ts';
import type { ObjectMeta } from '../../api/kubernetes/meta.ts';
import { labels } from '../../api/datamover/v1alpha1/keys.ts';
import type { NamespaceContent } from '../cluster-reader.ts';
import type { ResourceFilters } from '../policies/volume-policy.ts';
import { POST_HOOK_PREFIX, PRE_HOOK_PREFIX } from '../velero/constants.ts';

/** The newer of Velero's two ways to name resources; a backup may use either. */
interface SpecFilters {
  includedResources?: string[];
  excludedResources?: string[];
  includedNamespaceScopedResources?: string[];
  excludedNamespaceScopedResources?: string[];
}

/**
 * Returns the other claims whose capture may start together with that of `pvc`: the claims of its pods, because the pods' hooks
 * surround all of them; and, if no hook freezes an application at a certain moment, every claim of the namespace that this backup
 * will visit. Returns none if the selection of the backup is unknown.
 */
export function siblingsOf(
  backup: Backup,
  pvc: PersistentVolumeClaim,
  content: NamespaceContent,
): PersistentVolumeClaim[] {
  if (kindsOf(backup).some(isPattern)) return [];
  const pods = podsInBackup(backup, content.pods);
  const visitedByPods = new Set(pods.flatMap(claimNames));
  const sameWindow = new Set(
    pods.filter((pod) => claimNames(pod).includes(pvc.metadata.name)).flatMap(claimNames),
  );
  const free = !hasHooks(backup, content.pods);
  return content.claims.filter((claim) => {
    const { name, uid, deletionTimestamp, labels: own } = claim.metadata;
    if (uid === pvc.metadata.uid || deletionTimestamp !== undefined) return false;
    if (own?.[labels.veleroExclude] === 'true') return false;
    if (sameWindow.has(name)) return true;
    return free && (visitedByPods.has(name) || isSelected(backup, claim.metadata));
  });
}

/** Returns the backup with the filters of its policies, which do not exclude what its own spec includes. */
export function withFilters(
  backup: Backup,
  { included, excluded }: Pick<ResourceFilters, 'included' | 'excluded'>,
): Backup {
  const own: SpecFilters = backup.spec;
  const taken = own.includedNamespaceScopedResources ?? [];
  const spec: SpecFilters = {
    ...own,
    includedNamespaceScopedResources: [...taken, ...included],
    excludedNamespaceScopedResources: [
      ...(own.excludedNamespaceScopedResources ?? []),
      ...excluded.filter((name) => !taken.includes(name)),
    ],
  };
  return { ...backup, spec };
}

/** Returns the pods that the backup includes. */
export function podsInBackup(backup: Backup, pods: readonly Pod[]): Pod[] {
  return includesPods(backup) ? pods.filter((pod) => isSelected(backup, pod.metadata)) : [];
}

/** Returns true if a hook may stop an application's writes during a part of this backup. */
export function hasHooks(backup: Backup, pods: readonly Pod[]): boolean {
  return (
    (backup.spec.hooks?.resources?.length ?? 0) > 0 ||
    pods.some((pod) => Object.keys(pod.metadata.annotations ?? {}).some(isHook))
  );
}

/** Returns true if the backup's label selectors match the object; namespaces and kinds are not checked. */
export function isSelected(backup: Backup, metadata: ObjectMeta): boolean {
  const own = metadata.labels ?? {};
  const { labelSelector, orLabelSelectors = [] } = backup.spec;
  if (own[labels.veleroExclude] === 'true') return false;
  if (orLabelSelectors.length > 0)
    return orLabelSelectors.some((selector) => matchesLabelSelector(selector, own));
  return matchesLabelSelector(labelSelector ?? undefined, own);
}

function includesPods(backup: Backup): boolean {
  const filters: SpecFilters = backup.spec;
  const included = [
    ...(filters.includedResources ?? []),
    ...(filters.includedNamespaceScopedResources ?? []),
  ];
  const excluded = [
    ...(filters.excludedResources ?? []),
    ...(filters.excludedNamespaceScopedResources ?? []),
  ];
  return (included.length === 0 || included.some(namesPods)) && !excluded.some(namesPods);
}

/** Returns all kinds that the backup's filters name. */
function kindsOf(backup: Backup): string[] {
  const filters: SpecFilters = backup.spec;
  return [
    ...(filters.includedResources ?? []),
    ...(filters.excludedResources ?? []),
    ...(filters.includedNamespaceScopedResources ?? []),
    ...(filters.excludedNamespaceScopedResources ?? []),
  ];
}

/** Velero expands patterns to all kinds of the API server, which are not read here. */
function isPattern(resource: string): boolean {
  return resource !== '*' && /[*?[\]{}]/.test(resource);
}

function namesPods(resource: string): boolean {
  return ['*', 'pods', 'pod', 'po'].includes(resource.toLowerCase());
}

function isHook(annotation: string): boolean {
  return annotation.startsWith(PRE_HOOK_PREFIX) || annotation.startsWith(POST_HOOK_PREFIX);
}

/** Returns the claims that the pod mounts; none for a finished pod. */
export function claimNames(pod: Pod): string[] {
  if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return [];
  return (pod.spec.volumes ?? []).flatMap((volume) => volume.persistentVolumeClaim?.claimName ?? []);
}

import { configMaps, jobs, persistentVolumeClaims, pods, secrets } from '../../api/kubernetes/core.ts';
import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import { labels } from '../../api/datamover/v1alpha1/keys.ts';
import type { MoverTarget } from '../../movers/mover.ts';
import { requestUidOf } from '../../lifecycle/request/child-identity.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { keptObjects } from './garbage.ts';

const rbac = { group: 'rbac.authorization.k8s.io', version: 'v1', namespaced: true } as const;

/** Kinds that movers create, directly or through an engine. */
const COMMON: readonly Kind<Resource>[] = [
  secrets,
  configMaps,
  pods,
  jobs,
  persistentVolumeClaims,
  { group: '', version: 'v1', kind: 'ServiceAccount', plural: 'serviceaccounts', namespaced: true },
  { ...rbac, kind: 'Role', plural: 'roles' },
  { ...rbac, kind: 'RoleBinding', plural: 'rolebindings' },
];

/** Kubernetes creates these in every namespace, with a delay. */
const OF_EVERY_NAMESPACE = ['ConfigMap kube-root-ca.crt', 'ServiceAccount default'];

/** An object that exists. */
export interface Left {
  /** Kind and name, for messages. */
  name: string;
  uid: string;
  /** True if all of its owners were deleted, so that the garbage collector deletes it. */
  isGarbage: boolean;
}

/** Lists the objects in the namespace of the suite. */
export interface Inventory {
  /** Includes objects of this kind from now on. */
  add(kind: Kind<Resource>): void;
  all(): Promise<Left[]>;
  /** Like {@link all}, but only objects created for one request. */
  of(target: MoverTarget): Promise<Left[]>;
}

export function createInventory(client: KubeClient, namespace: string): Inventory {
  const kinds = new Map(COMMON.map((kind) => [idOf(kind), kind]));

  async function list(isWanted: (object: Resource) => boolean): Promise<Left[]> {
    const found: { name: string; object: Resource }[] = [];
    const lists = [...kinds.values()].map(async (kind) => {
      for await (const object of client.list(kind, { namespace }))
        found.push({ name: `${kind.kind} ${object.metadata.name}`, object });
    });
    await Promise.all(lists);
    const isKept = keptObjects(found.map(({ object }) => object));
    return found
      .filter(({ name, object }) => !OF_EVERY_NAMESPACE.includes(name) && isWanted(object))
      .map(({ name, object }) => ({ name, uid: object.metadata.uid ?? '', isGarbage: !isKept(object) }))
      .sort((one, other) => one.name.localeCompare(other.name));
  }

  return {
    add: (kind) => {
      if (kind.namespaced) kinds.set(idOf(kind), kind);
    },
    all: () => list(() => true),
    of: (target) =>
      list(
        ({ metadata }) =>
          metadata.name.includes(target.name) ||
          metadata.labels?.[labels.requestUid] === requestUidOf(target),
      ),
  };
}

export function namesOf(objects: readonly Left[]): string {
  return objects.map(({ name }) => name).join(', ');
}

function idOf({ group, plural }: Kind<Resource>): string {
  return `${plural}.${group}`;
}

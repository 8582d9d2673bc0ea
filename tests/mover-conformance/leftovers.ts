import { configMaps, jobs, persistentVolumeClaims, pods, secrets } from '../../api/external/core.ts';
import type { Kind, Resource } from '../../api/meta.ts';
import { labels } from '../../api/v1alpha1/keys.ts';
import type { MoverTarget } from '../../controller/movers/mover.ts';
import { requestUidOf } from '../../controller/request/children.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';

const rbac = { group: 'rbac.authorization.k8s.io', version: 'v1', namespaced: true } as const;

/** What movers make, whether they say so or an engine does it for them. */
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

/** Kubernetes puts them into every namespace, at its leisure. */
const OF_EVERY_NAMESPACE = ['ConfigMap kube-root-ca.crt', 'ServiceAccount default'];

/** The objects in the namespace of the suite. */
export interface Inventory {
  /** From now on its objects count too. */
  add(kind: Kind<Resource>): void;
  /** One line each. */
  all(): Promise<string[]>;
  /** As {@link all}, but only what was made for one request. */
  of(target: MoverTarget): Promise<string[]>;
}

export function createInventory(client: KubeClient, namespace: string): Inventory {
  const kinds = new Map(COMMON.map((kind) => [idOf(kind), kind]));

  async function list(isWanted: (object: Resource) => boolean): Promise<string[]> {
    const lists = [...kinds.values()].map(async (kind) => {
      const found: string[] = [];
      for await (const object of client.list(kind, { namespace }))
        if (isWanted(object)) found.push(`${kind.kind} ${object.metadata.name}`);
      return found;
    });
    const found = (await Promise.all(lists)).flat();
    return found.filter((line) => !OF_EVERY_NAMESPACE.includes(line)).sort();
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

function idOf({ group, plural }: Kind<Resource>): string {
  return `${plural}.${group}`;
}

import { labels } from '../../../api/datamover/v1alpha1/keys.ts';
import type { Resource } from '../../../api/kubernetes/meta.ts';
import { childName } from '../../../api/datamover/v1alpha1/names.ts';
import { keptObjects } from '../../../testing/conformance/garbage.ts';
import { eventually } from '../../../testing/conformance/wait.ts';
import type { TestCluster } from './cluster.ts';

const NAMESPACED =
  'secrets,configmaps,persistentvolumeclaims,pods,jobs,serviceaccounts,roles,rolebindings,volumesnapshots,replicationsources,replicationdestinations';
const CLUSTER_SCOPED = 'persistentvolumes,volumesnapshotcontents';

/**
 * Returns every object of the kinds that requests use: in the protected namespace, in another one, and the volumes and snapshots
 * of both, except those of `others`. Volumes of other namespaces belong to other stories and may be in deletion.
 */
export async function inventoryOf(
  test: TestCluster,
  namespace: string,
  others: readonly Request[],
): Promise<string[]> {
  const [inProtected, inOther, everywhere] = await Promise.all([
    test.listAny(NAMESPACED, test.namespace),
    test.listAny(NAMESPACED, namespace),
    test.listAny(CLUSTER_SCOPED),
  ]);
  const ours = everywhere.filter((object) =>
    [test.namespace, namespace].includes(refOf(object)?.namespace ?? ''),
  );
  return [...inProtected, ...inOther, ...ours]
    .filter((object) => !others.some((request) => belongsTo(request, object)))
    .map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`);
}

/** A request, as far as the names of its children depend on it. */
type Request = Pick<Resource, 'kind' | 'metadata'>;

/**
 * Returns everything that the cluster still has of finished requests: objects with their label, objects named after them (the Job
 * of a mover, its cache claim), and volumes that are or were bound to such a claim. Waits a moment for garbage collection,
 * because VolSync may still create objects when a request is canceled.
 */
export async function leftoversOf(test: TestCluster, requests: readonly Request[]): Promise<string[]> {
  const names = requests.map(({ metadata }) => metadata.name).join(', ');
  return eventually(`the garbage of ${names} to go`, async () => {
    const all = (await Promise.all([NAMESPACED, CLUSTER_SCOPED].map((kinds) => test.listAny(kinds)))).flat();
    const left = all.flatMap((object) => {
      const request = requests.find((one) => belongsTo(one, object));
      return request === undefined ? [] : [{ object, request }];
    });
    const isKept = keptObjects(all);
    const isSettled = left.length === 0 || left.some(({ object }) => isKept(object));
    return isSettled ? left.map(told) : undefined;
  });
}

function told({ object: { kind, metadata }, request }: { object: Resource; request: Request }): string {
  return `${kind} ${metadata.namespace ?? ''}/${metadata.name} of ${request.kind} ${request.metadata.name}`;
}

const CHILD_KINDS: Readonly<Record<string, 'restore' | 'delete' | 'prune'>> = {
  DataMoverRestore: 'restore',
  DataMoverDelete: 'delete',
  DataMoverPrune: 'prune',
};

function belongsTo(request: Request, object: Resource): boolean {
  const { uid = '' } = request.metadata;
  if (object.metadata.labels?.[labels.requestUid] === uid) return true;
  const child = childName(CHILD_KINDS[request.kind] ?? 'backup', uid);
  return object.metadata.name.includes(child) || (refOf(object)?.name ?? '').includes(child);
}

interface Reference {
  namespace?: string;
  name?: string;
}

/** Returns the reference of a volume to its claim, or of a content to its snapshot. */
function refOf(object: Resource): Reference | undefined {
  const { spec } = object as { spec?: { claimRef?: Reference; volumeSnapshotRef?: Reference } };
  return spec?.claimRef ?? spec?.volumeSnapshotRef;
}

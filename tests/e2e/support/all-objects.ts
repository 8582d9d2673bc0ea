import type { Resource } from '../../../api/kubernetes/meta.ts';
import { GROUP, labels } from '../../../api/datamover/v1alpha1/keys.ts';
import { MANAGED_BY } from '../../../api/common/keys.ts';
import { childNameIn } from '../../../api/datamover/v1alpha1/names.ts';
import type { TestCluster } from './cluster.ts';

/** Objects by their paths in a Velero backup: `<plural.group>/<namespace>/<name>`; cluster-scoped ones without namespace. */
export type ObjectsByPath = ReadonlyMap<string, Resource>;

/** Returns every object of the cluster, of every kind. */
export async function allObjects({ kubectl }: Pick<TestCluster, 'kubectl'>): Promise<ObjectsByPath> {
  const table = await kubectl(['api-resources', '--verbs=list', '--no-headers', '--cached']);
  const resources = new Map(table.trimEnd().split('\n').map(resourceOf));
  const listed = await kubectl(['get', [...resources.values()].join(), '--all-namespaces', '-o', 'json']);
  const { items } = JSON.parse(listed) as { items: Resource[] };
  return new Map(items.map((object) => [pathOf(object, resources), object]));
}

/**
 * Parses a line of kubectl, whose second column may be empty: `jobs [short] batch/v1 true Job`. @returns kind and resource
 */
function resourceOf(line: string): [string, string] {
  const columns = line.split(/\s+/);
  const [apiVersion = '', , kind = ''] = columns.slice(-3);
  const group = apiVersion.includes('/') ? `.${apiVersion.split('/')[0]!}` : '';
  return [`${apiVersion} ${kind}`, `${columns[0]!}${group}`];
}

function pathOf({ apiVersion, kind, metadata }: Resource, resources: ReadonlyMap<string, string>): string {
  const resource = resources.get(`${apiVersion} ${kind}`) ?? kind;
  return [resource, metadata.namespace, metadata.name].filter((part) => part !== undefined).join('/');
}

interface Parts extends Resource {
  spec?: { claimRef?: { name?: string }; volumeSnapshotRef?: { name?: string } };
  reportingController?: string;
}

/** Returns true for what the data mover, or others on its behalf, have created, judged by labels and names. */
export function isOfDataMover(object: Resource): boolean {
  const { metadata, spec, reportingController = '' } = object as Parts;
  const own = metadata.labels ?? {};
  const names = [metadata.name, spec?.claimRef?.name, spec?.volumeSnapshotRef?.name];
  return (
    own[labels.managedBy] === MANAGED_BY ||
    own[labels.requestUid] !== undefined ||
    reportingController.startsWith(GROUP) ||
    // Events of Kubernetes about our pods belong to Kubernetes.
    (object.kind !== 'Event' && names.some((name = '') => childNameIn(name) !== undefined))
  );
}

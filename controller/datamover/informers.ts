import { ALIAS_INDEX, CLAIM_INDEX, OWN_INDEX, REQUEST_INDEX } from '../../volumes/volume-access.ts';
import {
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  storageClasses,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from '../../api/kubernetes/core.ts';
import {
  volumeSnapshotClasses,
  volumeSnapshotContents,
  volumeSnapshots,
} from '../../api/kubernetes/snapshot.ts';
import { annotations, labels } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverClasses, type Requests } from '../../api/datamover/v1alpha1/kinds.ts';
import type { Resource } from '../../api/kubernetes/meta.ts';
import { childName, type RequestKind } from '../../api/datamover/v1alpha1/names.ts';
import type { InformerSet } from '../../kube/cache/informer-set.ts';
import type { Informer } from '../../kube/cache/shared-informer.ts';
import { CLASS_INDEX, type Informers, type Listers, type RequestListers } from './environment.ts';
import type { RequestKindDescriptor, RequestKinds } from './request-kind.ts';
import { isOwn } from '../../volumes/exposure/exclude-from-velero.ts';
import type { DataMoverStatus } from './request-type.ts';
import { isFinal } from '../../lifecycle/request-status.ts';
import { CHILD_INDEX } from '../../lifecycle/request-controllers.ts';
import type { Lister } from '../../kube/cache/lister.ts';

/** Creates the informers of the controller, one per kind. */
export function createInformers(informerSet: InformerSet, namespace: string, kinds: RequestKinds): Informers {
  const ours = { labelSelector: labels.requestUid };
  return {
    classes: informerSet.informer(dataMoverClasses),
    ...requestInformersOf(informerSet, namespace, kinds),
    claims: informerSet.informer(persistentVolumeClaims, {
      transform: trimClaim,
      indexers: { [OWN_INDEX]: ({ metadata }) => (isOwn(metadata) ? [metadata.namespace ?? ''] : []) },
    }),
    volumes: informerSet.informer(persistentVolumes, {
      transform: trimVolume,
      indexers: {
        [CLAIM_INDEX]: ({ spec: { claimRef } }) => [`${claimRef?.namespace ?? ''}/${claimRef?.name ?? ''}`],
        [ALIAS_INDEX]: ({ metadata }) => present(metadata.annotations?.[annotations.aliasOf]),
      },
    }),
    storageClasses: informerSet.informer(storageClasses),
    nodes: informerSet.informer(nodes, { transform: trimNode }),
    snapshots: informerSet.informer(volumeSnapshots, ours),
    snapshotContents: informerSet.informer(volumeSnapshotContents, {
      ...ours,
      indexers: { [REQUEST_INDEX]: ({ metadata }) => [metadata.labels?.[labels.requestUid] ?? ''] },
    }),
    snapshotClasses: informerSet.informer(volumeSnapshotClasses),
  };
}

function requestInformersOf(
  informerSet: InformerSet,
  namespace: string,
  kinds: RequestKinds,
): { [P in keyof RequestListers]: Informers[P] } {
  const of = <K extends RequestKind>(kind: K) => {
    const { kind: coordinates, cache, isProtected }: RequestKindDescriptor<K> = kinds[kind];
    const informer = informerSet.informer<Requests[K]>(coordinates, {
      ...cache,
      ...(isProtected && { namespace }),
      indexers: {
        ...cache.indexers,
        [CLASS_INDEX]: classOf,
        [CHILD_INDEX]: ({ metadata }) => [childName(kind, metadata.uid ?? '')],
      },
    });
    return [`${kind}s`, informer];
  };
  return Object.fromEntries(kindsOf(kinds).map(of)) as ReturnType<typeof requestInformersOf>;
}

/** Returns the names of all kinds of requests, in the order of the table. */
export function kindsOf(kinds: RequestKinds): readonly RequestKind[] {
  return Object.keys(kinds) as RequestKind[];
}

/** Returns the informers of all kinds of requests. */
export function requestInformers(
  informers: Informers,
  kinds: RequestKinds,
): readonly (readonly [RequestKind, AnyInformer])[] {
  return kindsOf(kinds).map((kind) => [kind, informers[`${kind}s`]]);
}

/** An informer of requests of any kind. */
type AnyInformer = Pick<Informer<Resource & { spec: object; status?: DataMoverStatus }>, 'onChange'> & {
  store: Lister<Resource & { status?: DataMoverStatus }>;
};

/** Returns the listers of the informers. */
export function listersOf(informers: Informers): Listers {
  return Object.fromEntries(
    Object.entries(informers).map(([name, informer]) => [name, informer.store]),
  ) as unknown as Listers;
}

function present(value: string | undefined): string[] {
  return value === undefined ? [] : [value];
}

function classOf({ status }: { status?: DataMoverStatus }): string[] {
  return isFinal(status?.phase) ? [] : [status?.dataMoverClass ?? ''];
}

/** A cluster may have tens of thousands of claims and volumes, so the cache keeps only the fields that the code reads. */
function trimClaim({
  apiVersion,
  kind,
  metadata,
  spec,
  status,
}: PersistentVolumeClaim): PersistentVolumeClaim {
  return { apiVersion, kind, metadata, spec, ...(status !== undefined && { status }) };
}

function trimVolume({ apiVersion, kind, metadata, spec, status }: PersistentVolume): PersistentVolume {
  const {
    capacity,
    accessModes,
    volumeMode,
    storageClassName,
    persistentVolumeReclaimPolicy,
    claimRef,
    nodeAffinity,
    csi,
  } = spec;
  const kept = {
    capacity,
    accessModes,
    volumeMode,
    storageClassName,
    persistentVolumeReclaimPolicy,
    claimRef,
    nodeAffinity,
  };
  const known = Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined));
  return {
    apiVersion,
    kind,
    metadata,
    spec: {
      ...known,
      ...(csi !== undefined && { csi: { driver: csi.driver, volumeHandle: csi.volumeHandle } }),
    },
    ...(status !== undefined && { status }),
  };
}

/** Keeps only the conditions of a node's status; the list of images is its longest part. */
function trimNode({ apiVersion, kind, metadata, spec, status }: Node): Node {
  const { name, uid, resourceVersion, labels: own } = metadata;
  const conditions = status?.conditions?.map(({ type, status: value }) => ({ type, status: value }));
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
      ...(own !== undefined && { labels: own }),
    },
    spec: { unschedulable: spec?.unschedulable === true },
    ...(conditions !== undefined && { status: { conditions } }),
  };
}

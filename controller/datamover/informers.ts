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
import {
  dataMoverBackups,
  dataMoverClasses,
  dataMoverDeletes,
  dataMoverPrunes,
  dataMoverRestores,
} from '../../api/datamover/v1alpha1/kinds.ts';
import type { Resource } from '../../api/kubernetes/meta.ts';
import { childName } from '../../api/datamover/v1alpha1/names.ts';
import { readBackup, readRestore } from '../../api/datamover/v1alpha1/spellings.ts';
import type { InformerSet } from '../../kube/cache/informer-set.ts';
import type { Informer } from '../../kube/cache/shared-informer.ts';
import { CLASS_INDEX, PRUNED_INDEX, SNAPSHOT_INDEX, type Listers } from './environment.ts';
import { isOwn } from '../../volumes/exposure/exclude-from-velero.ts';
import type { DataMoverStatus } from './request-type.ts';
import { isFinal } from '../../lifecycle/request/request-type.ts';
import { shortID } from '../../movers/snapshot-id.ts';

/** Index of requests by the name of their children. */
export const CHILD_INDEX = 'child';

/** Index of unfinished backups by `namespace/name` of the source claim. */
export const SOURCE_INDEX = 'source';

/** Index of unfinished restores by `namespace/name` of the destination claim. */
export const DESTINATION_INDEX = 'destination';

/** Creates the informers of the controller, one per kind. */
export function createInformers(informerSet: InformerSet, namespace: string): Informers {
  const ours = { labelSelector: labels.requestUid };
  return {
    classes: informerSet.informer(dataMoverClasses),
    backups: informerSet.informer(dataMoverBackups, {
      transform: readBackup,
      indexers: {
        [CLASS_INDEX]: classOf,
        [CHILD_INDEX]: ({ metadata }) => [childName('backup', metadata.uid ?? '')],
        [SOURCE_INDEX]: ({ metadata, spec: { dataSourceRef }, status }) =>
          dataSourceRef.kind === 'PersistentVolumeClaim' && !isFinal(status?.phase)
            ? [`${metadata.namespace ?? ''}/${dataSourceRef.name}`]
            : [],
        [SNAPSHOT_INDEX]: ({ status }) => present(status?.result?.snapshotID).map(shortID),
      },
    }),
    restores: informerSet.informer(dataMoverRestores, {
      transform: readRestore,
      indexers: {
        [CLASS_INDEX]: classOf,
        [CHILD_INDEX]: ({ metadata }) => [childName('restore', metadata.uid ?? '')],
        [DESTINATION_INDEX]: ({ metadata, spec, status }) =>
          isFinal(status?.phase) ? [] : [`${metadata.namespace ?? ''}/${spec.destinationClaimRef.name}`],
      },
    }),
    deletes: informerSet.informer(dataMoverDeletes, {
      namespace,
      indexers: {
        [CLASS_INDEX]: classOf,
        [CHILD_INDEX]: ({ metadata }) => [childName('delete', metadata.uid ?? '')],
      },
    }),
    prunes: informerSet.informer(dataMoverPrunes, {
      namespace,
      indexers: {
        [CLASS_INDEX]: classOf,
        [PRUNED_INDEX]: ({ spec }) => [spec.repository],
        [CHILD_INDEX]: ({ metadata }) => [childName('prune', metadata.uid ?? '')],
      },
    }),
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

export type Informers = { [K in keyof Listers]: Informer<ItemOf<Listers[K]>> };

type ItemOf<L> = L extends { list(): (infer T)[] } ? (T extends Resource ? T : never) : never;

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

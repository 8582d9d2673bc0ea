import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  volumeSnapshotContents,
  volumeSnapshots,
  type VolumeSnapshot,
  type VolumeSnapshotContent,
} from '../../../api/kubernetes/snapshot.ts';
import type { Resource } from '../../../api/kubernetes/meta.ts';
import type { Cluster } from '../../../hack/cluster/index.ts';
import { collect } from '../../../plugin/collect.ts';
import type { TestCluster } from './cluster.ts';

/** Returns the VolumeSnapshots of a namespace, and every content that belongs to it. */
export async function snapshotsIn(
  { kube }: TestCluster,
  namespace: string,
): Promise<{ snapshots: VolumeSnapshot[]; contents: VolumeSnapshotContent[] }> {
  const [snapshots, contents] = await Promise.all([
    collect(kube.list(volumeSnapshots, { namespace })),
    collect(kube.list(volumeSnapshotContents)),
  ]);
  const ours = contents.filter(({ spec }) => spec.volumeSnapshotRef.namespace === namespace);
  return { snapshots, contents: ours };
}

/** Returns the snapshot of a claim among the objects of a backup, with its content if it has one. */
export function storedSnapshot(
  stored: ReadonlyMap<string, Resource>,
  claim: string,
): { snapshot: VolumeSnapshot; content: VolumeSnapshotContent; handle: string } | undefined {
  const all = [...stored.values()].filter(({ kind }) => kind === 'VolumeSnapshot') as VolumeSnapshot[];
  const snapshot = all.find(({ spec }) => spec.source.persistentVolumeClaimName === claim);
  if (snapshot === undefined) return undefined;
  const name = snapshot.status!.boundVolumeSnapshotContentName!;
  const content = stored.get(
    `volumesnapshotcontents.snapshot.storage.k8s.io/${name}`,
  ) as VolumeSnapshotContent;
  return { snapshot, content, handle: content.status!.snapshotHandle! };
}

/** Returns true if the storage system itself has a snapshot, regardless of the objects in the cluster. */
export function isStored(cluster: Cluster, handle: string): boolean {
  return existsSync(folderOf(cluster, handle));
}

/** Deletes a snapshot in the storage system without updating the cluster. */
export async function loseSnapshot(cluster: Cluster, handle: string): Promise<void> {
  await rm(folderOf(cluster, handle), { recursive: true });
}

function folderOf({ config }: Cluster, handle: string): string {
  return join(config.paths.csi, 'snapshots', handle);
}

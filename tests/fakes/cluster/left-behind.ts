import {
  jobs,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  secrets,
} from '../../../api/kubernetes/core.ts';
import { volumeSnapshotContents, volumeSnapshots } from '../../../api/kubernetes/snapshot.ts';
import { replicationDestinations, replicationSources } from '../../../api/volsync/v1alpha1.ts';
import type { Kind, Resource } from '../../../api/kubernetes/meta.ts';

/** All kinds of objects that a story may leave behind. */
export const LEFT_BEHIND: readonly Kind<Resource>[] = [
  persistentVolumeClaims,
  persistentVolumes,
  secrets,
  pods,
  jobs,
  volumeSnapshots,
  volumeSnapshotContents,
  replicationSources,
  replicationDestinations,
];

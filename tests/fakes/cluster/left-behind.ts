import {
  jobs,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  secrets,
} from '../../../api/external/core.ts';
import { volumeSnapshotContents, volumeSnapshots } from '../../../api/external/snapshot.ts';
import { replicationDestinations, replicationSources } from '../../../api/external/volsync.ts';
import type { Kind, Resource } from '../../../api/meta.ts';

/** Everything that a story may leave behind. */
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

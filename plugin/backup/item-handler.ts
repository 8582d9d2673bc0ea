import type { Resource } from '../../api/kubernetes/meta.ts';
import type { ClusterReader } from '../cluster-reader.ts';
import type { BackupItemInput, BackupItemOutput, CallContext } from '../velero/item-actions.ts';

export interface BackupActionOptions {
  cluster: ClusterReader;
  /** Velero's own CSI support (`--features=EnableCSI`): if true, Velero takes the snapshots, one by one. */
  csiEnabled: boolean;
}

/** Handles one kind of item; the backup action checks first whether the data mover is enabled. */
export type ItemHandler<T extends Resource> = (
  object: T,
  input: BackupItemInput,
  context: CallContext,
) => Promise<BackupItemOutput>;

import type {
  DataMoverPrune,
  DataMoverPruneStatus,
} from '../../../api/datamover/v1alpha1/data-mover-prune.ts';
import type { RetriedScope } from '../retry.ts';

/** Everything one pass over a DataMoverPrune knows. */
export interface PruneScope extends RetriedScope<DataMoverPruneStatus> {
  request: DataMoverPrune;
  /** Rejects when the API server holds a newer version of the request than this pass read. */
  assertCurrent: () => Promise<void>;
}

import type {
  DataMoverPrune,
  DataMoverPruneStatus,
} from '../../../api/datamover/v1alpha1/data-mover-prune.ts';
import type { RetriedScope } from '../retry.ts';

/** The scope of one pass over a DataMoverPrune. */
export interface PruneScope extends RetriedScope<DataMoverPruneStatus> {
  request: DataMoverPrune;
}

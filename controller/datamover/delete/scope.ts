import type {
  DataMoverDelete,
  DataMoverDeleteStatus,
} from '../../../api/datamover/v1alpha1/data-mover-delete.ts';
import type { RetriedScope } from '../retry.ts';

/** The scope of one pass over a DataMoverDelete. */
export interface DeleteScope extends RetriedScope<DataMoverDeleteStatus> {
  request: DataMoverDelete;
}

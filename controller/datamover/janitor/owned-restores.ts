import type { DataMoverRestore } from '../../../api/datamover/v1alpha1/data-mover-restore.ts';
import { dataMoverRestores } from '../../../api/datamover/v1alpha1/kinds.ts';
import { restores } from '../../../api/velero/v1.ts';
import type { SweepRound } from '../request-kind.ts';
import { actionForRestore, veleroRestoreOf } from './ownership.ts';
import { deleteRequest, forEachOwned } from './sweep.ts';

/** Deletes DataMoverRestores that have ended and whose Velero restore no longer exists. */
export async function sweepRestores(round: SweepRound, all: readonly DataMoverRestore[]): Promise<void> {
  const owned = all.filter(veleroRestoreOf);
  await forEachOwned(round, { owned, kind: restores }, async (one, known) => {
    if (actionForRestore(one, known) === 'delete') await deleteRequest(round, dataMoverRestores, one);
  });
}

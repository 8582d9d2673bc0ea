import { backupKind } from './backup/kind.ts';
import { deleteKind } from './delete/kind.ts';
import { pruneKind } from './prune/kind.ts';
import type { RequestKinds } from './request-kind.ts';
import { restoreKind } from './restore/kind.ts';

/** The kinds of requests, in the order of their controllers. */
export const REQUEST_KINDS: RequestKinds = {
  backup: backupKind,
  restore: restoreKind,
  delete: deleteKind,
  prune: pruneKind,
};

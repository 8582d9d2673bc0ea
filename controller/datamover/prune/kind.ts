import { PRUNED_INDEX } from '../environment.ts';
import type { RequestKindDescriptor } from '../request-kind.ts';
import { pruneRequest } from './prune.ts';

export const pruneKind: RequestKindDescriptor<'prune'> = {
  isProtected: true,
  cache: { indexers: { [PRUNED_INDEX]: ({ spec }) => [spec.repository] } },
  perClass: ({ prunes }) => prunes,
  create: pruneRequest,
};

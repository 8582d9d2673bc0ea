import { dataMoverPrunes } from '../../../api/datamover/v1alpha1/kinds.ts';
import { sweepExpired } from '../janitor/expired-requests.ts';
import type { RequestKindDescriptor } from '../request-kind.ts';
import { pruneRequest } from './prune.ts';
import { REPOSITORY_INDEX } from './removed-repository.ts';

export const pruneKind: RequestKindDescriptor<'prune'> = {
  kind: dataMoverPrunes,
  isProtected: true,
  cache: { indexers: { [REPOSITORY_INDEX]: ({ spec }) => [spec.repository] } },
  perClass: ({ prunes }) => prunes,
  create: pruneRequest,
  sweep: sweepExpired(dataMoverPrunes),
};

import { dataMoverDeletes } from '../../../api/datamover/v1alpha1/kinds.ts';
import { sweepExpired } from '../janitor/expired-requests.ts';
import type { RequestKindDescriptor } from '../request-kind.ts';
import { deleteRequest } from './delete.ts';

export const deleteKind: RequestKindDescriptor<'delete'> = {
  kind: dataMoverDeletes,
  isProtected: true,
  cache: {},
  perClass: ({ deletes }) => deletes,
  create: deleteRequest,
  sweep: sweepExpired(dataMoverDeletes),
};

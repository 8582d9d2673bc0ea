import type { RequestKindDescriptor } from '../request-kind.ts';
import { deleteRequest } from './delete.ts';

export const deleteKind: RequestKindDescriptor<'delete'> = {
  isProtected: true,
  cache: {},
  perClass: ({ deletes }) => deletes,
  create: deleteRequest,
};

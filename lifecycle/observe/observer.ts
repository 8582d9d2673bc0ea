import type { Resource } from '../../api/kubernetes/meta.ts';
import type { RequestStatus } from '../request/request-type.ts';

/** Is told what has been written to a request, once it is written. Never throws. */
export interface RequestObserver {
  wrote(request: Resource, before: RequestStatus, after: RequestStatus): void;
}

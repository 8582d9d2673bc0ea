import type { Resource } from '../../api/kubernetes/meta.ts';
import type { RequestStatus } from '../request-status.ts';

/** Called after a status update was stored. Must not throw. */
export interface RequestObserver {
  wrote(request: Resource, before: RequestStatus, after: RequestStatus): void;
}

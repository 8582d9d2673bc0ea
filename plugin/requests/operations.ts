import { formatKey, type Kind, type Resource } from '../../api/kubernetes/meta.ts';
import { isNotFound } from '../../kube/client/kube-error.ts';
import { parseOperationID } from '../codec/operation-id.ts';
import type { ClusterReader } from '../cluster-reader.ts';
import type { CallContext, OperationProgress } from '../velero/item-actions.ts';
import { cancelRequest } from './cancel.ts';
import { requestFields } from './fields.ts';
import { lostOperation, progressOf } from './progress.ts';
import type { RequestStatus } from './status.ts';

/** A DataMoverBackup or DataMoverRestore. */
interface Request extends Resource {
  status?: RequestStatus;
}

/** The Backup or Restore that waits for the operation. */
interface Owner {
  status?: { startTimestamp?: string };
}

export interface RequestOperations {
  progress(operationID: string, owner: Resource): Promise<OperationProgress>;
  cancel(operationID: string, context: CallContext): Promise<void>;
}

/** Creates Progress and Cancel for operations whose id names a request. Each call is one API request in a process of its own. */
export function createRequestOperations<T extends Request>(
  cluster: ClusterReader,
  kind: Kind<T>,
  verb: string,
): RequestOperations {
  return {
    async progress(operationID, owner) {
      const now = cluster.clock.now();
      const started = (owner as Owner).status?.startTimestamp;
      const key = parseOperationID(operationID);
      if (key === undefined)
        return lostOperation(`"${operationID}" is no operation of the data mover`, started, now);
      try {
        const request = await (await cluster.kube()).get(kind, key);
        if (request !== undefined) return progressOf(request, verb, now);
        const error = `${kind.kind} ${formatKey(key)} no longer exists, so its outcome is unknown`;
        return lostOperation(error, started, now);
      } catch (error) {
        // Velero would treat an error of this call as final, although the request itself may be fine.
        const reason = error instanceof Error ? error.message : String(error);
        return {
          ...lostOperation('', started, now),
          completed: false,
          description: `the state of ${kind.kind} ${formatKey(key)} cannot be read now: ${reason}`,
        };
      }
    },

    async cancel(operationID, { log, signal }) {
      const key = parseOperationID(operationID);
      if (key === undefined) {
        log.warn(`"${operationID}" is no operation of the data mover, nothing is canceled`);
        return;
      }
      try {
        const canceled = await cancelRequest(cluster, kind, key, signal);
        log.info(requestFields(canceled), `${kind.kind} ${formatKey(key)} is canceled`);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    },
  };
}

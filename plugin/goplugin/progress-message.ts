import type { OperationProgress as Message } from '../../proto/gen/generated/OperationProgress.ts';
import type { Timestamp } from '../../proto/gen/google/protobuf/Timestamp.ts';
import type { OperationProgress } from '../velero/item-actions.ts';

/** Sets every field, because Velero dereferences the message without a check and treats missing times as 1970. */
export function toProgressMessage(progress: OperationProgress): Message {
  return {
    completed: progress.completed,
    err: progress.error,
    nCompleted: progress.bytesDone,
    nTotal: progress.bytesTotal,
    operationUnits: 'Bytes',
    description: progress.description,
    started: toTimestamp(progress.started),
    updated: toTimestamp(progress.updated),
  };
}

function toTimestamp(time: Date): Timestamp {
  const ms = time.getTime();
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanos: (ms - seconds * 1000) * 1_000_000 };
}

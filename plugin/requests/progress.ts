import { byteRateText, byteShareText, byteText } from '../codec/byte-text.ts';
import type { OperationProgress } from '../velero/item-actions.ts';
import { failureText, isTerminal, type RequestStatus } from './status.ts';

/** The fields of a request that determine its progress. */
export interface ProgressSource {
  metadata: { creationTimestamp?: string };
  status?: RequestStatus;
}

/** Returns the progress of a request for Velero; `verb` describes the work of its mover (`uploading`). */
export function progressOf(request: ProgressSource, verb: string, now: number): OperationProgress {
  const status = request.status ?? {};
  const { phase = '' } = status;
  const completed = isTerminal(phase);
  return {
    completed,
    error: completed && phase !== 'Completed' ? failureText(status) : '',
    ...bytesOf(status),
    description: describeProgress(status, verb),
    started: timeOr(status.startTimestamp ?? request.metadata.creationTimestamp, now),
    updated: timeOr(status.completionTimestamp ?? status.progress?.updatedAt, now),
  };
}

function bytesOf({ progress }: RequestStatus): { bytesDone: number; bytesTotal: number } {
  const bytesDone = progress?.bytesDone ?? 0;
  return { bytesDone, bytesTotal: progress?.totalBytes ?? bytesDone };
}

/** Returns one line for users. */
export function describeProgress(status: RequestStatus, verb: string): string {
  const { phase, message, queue } = status;
  if (phase === undefined) return 'waiting for the data mover controller';
  if (isTerminal(phase)) return message ?? phase;
  if (phase === 'Queued' && queue !== undefined) return `queued, ${String(queue.ahead)} ahead`;
  if (phase === 'Moving') return describeMoving(status, verb) ?? message ?? phase;
  return message ?? phase;
}

function describeMoving({ progress, movingSince }: RequestStatus, verb: string): string | undefined {
  if (progress === undefined) return undefined;
  const { bytesDone, totalBytes, updatedAt } = progress;
  const share =
    totalBytes === undefined
      ? `${verb}, ${byteText(bytesDone)} so far`
      : `${verb} ${byteShareText(bytesDone, totalBytes)}`;
  const rate = rateOf(bytesDone, movingSince, updatedAt);
  return rate === undefined ? share : `${share}, ${byteRateText(rate)}`;
}

/**
 * Returns bytes per second since the mover was started, including the start of its pod. Each poll is a new process, so no earlier
 * value exists for comparison. `undefined` in the first second, which is not meaningful.
 */
function rateOf(bytes: number, since: string | undefined, until: string): number | undefined {
  const seconds = (Date.parse(until) - Date.parse(since ?? '')) / 1000;
  return bytes > 0 && seconds >= 1 ? bytes / seconds : undefined;
}

/** Returns the final progress of an operation whose request does not exist. */
export function lostOperation(error: string, started: string | undefined, now: number): OperationProgress {
  return {
    completed: true,
    error,
    bytesDone: 0,
    bytesTotal: 0,
    description: error,
    started: timeOr(started, now),
    updated: new Date(now),
  };
}

function timeOr(text: string | undefined, now: number): Date {
  const ms = text === undefined ? NaN : Date.parse(text);
  return new Date(Number.isNaN(ms) ? now : ms);
}

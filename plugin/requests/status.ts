/** The common fields of backups and restores that are reported to Velero. */
export interface RequestStatus {
  phase?: string | undefined;
  message?: string | undefined;
  startTimestamp?: string | undefined;
  movingSince?: string | undefined;
  completionTimestamp?: string | undefined;
  queue?: { ahead: number; reason: string } | undefined;
  progress?: { bytesDone: number; totalBytes?: number | undefined; updatedAt: string } | undefined;
  failure?: { reason: string; message: string } | undefined;
}

export function isTerminal(phase: string): boolean {
  return phase === 'Completed' || phase === 'Failed' || phase === 'Canceled';
}

/** Returns why a request did not succeed; never empty, because Velero treats an empty text as success. */
export function failureText(status: RequestStatus): string {
  const { failure, message, phase = 'Failed' } = status;
  if (failure !== undefined) return `${failure.reason}: ${failure.message}`;
  return message ? `${phase}: ${message}` : phase;
}

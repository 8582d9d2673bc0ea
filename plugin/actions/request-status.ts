/** What backups and restores have in common, as far as Velero is told about it. */
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

/** Why a request did not succeed; never empty, because Velero takes an empty text for success. */
export function failureText(status: RequestStatus): string {
  const { failure, message, phase = 'Failed' } = status;
  if (failure !== undefined) return `${failure.reason}: ${failure.message}`;
  return message ? `${phase}: ${message}` : phase;
}

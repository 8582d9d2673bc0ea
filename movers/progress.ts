import type { MoverProgress } from './mover.ts';

/** Writes progress into a status draft. `updatedAt` changes only if the numbers change, so that a stall can be detected. */
export function recordProgress(
  status: { progress?: (MoverProgress & { updatedAt: string }) | undefined },
  progress: MoverProgress | undefined,
  now: Date,
): void {
  if (progress === undefined) return;
  const { updatedAt: _, ...before } = status.progress ?? { bytesDone: -1, updatedAt: '' };
  const after = { ...before, ...progress };
  if (JSON.stringify(before) === JSON.stringify(after)) return;
  status.progress = { ...after, updatedAt: now.toISOString() };
}

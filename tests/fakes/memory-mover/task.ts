import type { Job } from '../../../api/kubernetes/core.ts';

/** The task of a Job of the memory mover, stored in its annotations. */
export interface Task {
  verb: 'backup' | 'restore' | 'verify' | 'forget' | 'prune' | 'remove';
  secret: string;
  repository: string;
  claim: string;
  snapshotID?: string | undefined;
  /** True if the task never ends. */
  isSlow?: boolean | undefined;
}

export type Result = { done: Record<string, unknown> } | { failed: { reason: string; message: string } };

/** Annotations of a Job. */
export const TASK = 'example.com/task';
export const RESULT = 'example.com/result';

export function taskOf({ metadata }: Job): Task {
  return JSON.parse(metadata.annotations?.[TASK] ?? '') as Task;
}

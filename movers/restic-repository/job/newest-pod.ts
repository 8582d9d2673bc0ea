import type { Pod } from '../../../api/kubernetes/core.ts';

/** The pod that a Job made last: its earlier ones have failed. */
export function newestPod(candidates: readonly Pod[]): Pod | undefined {
  return [...candidates].sort((a, b) =>
    (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? ''),
  )[0];
}

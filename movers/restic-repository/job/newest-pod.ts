import type { Pod } from '../../../api/kubernetes/core.ts';

/** Returns the pod that a Job created last; its earlier pods have failed. */
export function newestPod(candidates: readonly Pod[]): Pod | undefined {
  return [...candidates].sort((a, b) =>
    (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? ''),
  )[0];
}

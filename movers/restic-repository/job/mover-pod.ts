import type { ContainerStatus, Pod } from '../../../api/kubernetes/core.ts';

/** What a pod that works on a repository says of itself; it has one container. */

export type ContainerState = NonNullable<ContainerStatus['state']>;

export function stateOf(pod: Pod | undefined): ContainerState | undefined {
  return pod?.status?.containerStatuses?.[0]?.state;
}

export function terminated(pod: Pod | undefined): ContainerState['terminated'] {
  return stateOf(pod)?.terminated;
}

export function hasFailed(pod: Pod | undefined): boolean {
  return pod?.status?.phase === 'Failed';
}

export function hasRun(pod: Pod | undefined): boolean {
  const state = stateOf(pod);
  return pod?.status?.phase === 'Running' || state?.running !== undefined || state?.terminated !== undefined;
}

/** In the scheduler's words. */
export function unscheduled(pod: Pod | undefined): string | undefined {
  const condition = pod?.status?.conditions?.find((c) => c.type === 'PodScheduled' && c.status === 'False');
  if (condition === undefined) return undefined;
  return `the mover's pod cannot be scheduled: ${condition.message ?? condition.reason ?? ''}`;
}

/** In the kubelet's words. */
export function stillStarting(pod: Pod | undefined): string | undefined {
  if (pod === undefined) return undefined;
  const waiting = stateOf(pod)?.waiting;
  const why = [waiting?.reason, waiting?.message].filter((text) => text !== undefined).join(': ');
  return why === '' ? "the mover's pod is starting" : `the mover's pod is starting: ${why}`;
}

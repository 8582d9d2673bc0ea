import type { ContainerStatus, Pod } from '../../../api/kubernetes/core.ts';

/** State of the only container of a pod that works on a repository. */

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

/** Returns the scheduler's message if the pod cannot be scheduled. */
export function unscheduled(pod: Pod | undefined): string | undefined {
  const condition = pod?.status?.conditions?.find((c) => c.type === 'PodScheduled' && c.status === 'False');
  if (condition === undefined) return undefined;
  return `the mover's pod cannot be scheduled: ${condition.message ?? condition.reason ?? ''}`;
}

/** Returns the kubelet's message while the pod starts. */
export function stillStarting(pod: Pod | undefined): string | undefined {
  if (pod === undefined) return undefined;
  const waiting = stateOf(pod)?.waiting;
  const why = [waiting?.reason, waiting?.message].filter((text) => text !== undefined).join(': ');
  return why === '' ? "the mover's pod is starting" : `the mover's pod is starting: ${why}`;
}

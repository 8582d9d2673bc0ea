import { events, type Event } from '../../api/kubernetes/core.ts';
import type { VolumeAccess } from '../volume-access.ts';
import type { StepResult } from '../../lifecycle/request/step.ts';

/**
 * Adds the provisioner's last warning to a wait for a staging claim that has passed its deadline. Provisioners report problems
 * only in Events, which are many and short-lived, so they are read once instead of watched.
 */
export async function withProvisionerEvent(
  { access, now, signal }: { access: VolumeAccess; now: Date; signal: AbortSignal },
  claim: string,
  result: StepResult,
): Promise<StepResult> {
  if (result.state !== 'waiting' || result.deadline === undefined) return result;
  if (now.getTime() < result.deadline.at) return result;
  const words = await lastWarning(access, claim, signal);
  if (words === undefined) return result;
  const { message, ...deadline } = result.deadline;
  return { ...result, deadline: { ...deadline, message: `${message}; its Events: ${words}` } };
}

async function lastWarning(
  { client, namespace }: VolumeAccess,
  claim: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const fieldSelector = `involvedObject.kind=PersistentVolumeClaim,involvedObject.name=${claim},type=Warning`;
  const found: Event[] = [];
  try {
    for await (const event of client.list(events, { namespace, fieldSelector, signal })) found.push(event);
  } catch (error) {
    // Without the Events the claim is still not bound.
    if (signal.aborted) throw error;
  }
  const last = found.sort((a, b) => timeOf(a).localeCompare(timeOf(b))).at(-1);
  return last && `${last.reason ?? ''}: ${last.message ?? ''}`;
}

function timeOf({ lastTimestamp, eventTime, metadata }: Event): string {
  return lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '';
}

import { events, type Event } from '../../api/kubernetes/core.ts';
import type { VolumeAccess } from '../volume-access.ts';
import type { StepResult } from '../../lifecycle/request/step.ts';

/**
 * Adds to the end of a wait for a staging claim what its provisioner says, which it does in Events and nowhere else. Events
 * are many and short-lived, so they are read once and not watched.
 */
export async function quoteProvisioner(
  { access, now, signal }: { access: VolumeAccess; now: Date; signal: AbortSignal },
  claim: string,
  result: StepResult,
): Promise<StepResult> {
  if (result.state !== 'waiting' || result.deadline === undefined) return result;
  if (now.getTime() < result.deadline.at) return result;
  const words = await lastWarning(access, claim, signal);
  if (words === undefined) return result;
  const { message, ...deadline } = result.deadline;
  return { ...result, deadline: { ...deadline, message: `${message}; its Events say: ${words}` } };
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
    // The claim is as unbound without them.
    if (signal.aborted) throw error;
  }
  const last = found.sort((a, b) => timeOf(a).localeCompare(timeOf(b))).at(-1);
  return last && `${last.reason ?? ''}: ${last.message ?? ''}`;
}

function timeOf({ lastTimestamp, eventTime, metadata }: Event): string {
  return lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '';
}

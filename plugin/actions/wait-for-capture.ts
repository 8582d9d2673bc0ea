import { formatKey, keyOf, type Key } from '../../api/meta.ts';
import type { DataMoverBackup, DataMoverBackupStatus } from '../../api/v1alpha1/data-mover-backup.ts';
import { dataMoverBackups } from '../../api/v1alpha1/kinds.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { ClientReason, isGone, isTransient, KubeError } from '../../kube/client/kube-error.ts';
import { sleep, type Clock } from '../../kube/runtime/clock.ts';
import { PluginError } from '../plugin-error.ts';
import { failureText, isTerminal } from './request-status.ts';

/** How the wait ended. */
export type CaptureOutcome =
  | { outcome: 'captured'; capture: NonNullable<DataMoverBackupStatus['capture']> }
  /** The request ended without a captured source. */
  | { outcome: 'failed'; message: string }
  | { outcome: 'timedOut' };

export interface WaitOptions {
  clock: Clock;
  timeoutMs: number;
  signal: AbortSignal;
}

/** Bookmarks come about once a minute, so this much silence means a dead connection. */
const IDLE_MS = 180_000;
const WATCH_SECONDS = 300;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;

/**
 * Waits until the source of a backup is fixed, so that the application may write again: goes on from the request as it was
 * found, and watches that one object. Broken connections and outages of the API server are waited out within the time.
 */
export async function waitForCapture(
  kube: KubeClient,
  request: DataMoverBackup,
  options: WaitOptions,
): Promise<CaptureOutcome> {
  const key = keyOf(request);
  let known: DataMoverBackup | undefined = request;
  const deadline = new AbortController();
  const stopClock = options.clock.after(options.timeoutMs, () => deadline.abort());
  const signal = AbortSignal.any([deadline.signal, options.signal]);
  try {
    for (let pauseMs = FIRST_PAUSE_MS; ;) {
      const look = (): Promise<CaptureOutcome | undefined> => lookAt(kube, { key, known }, signal);
      const found = await tryTo(look, deadline.signal);
      known = undefined;
      if (typeof found === 'object') return found;
      // A watch that came to its end is no trouble.
      pauseMs = found === 'trouble' ? Math.min(pauseMs * 2, LONGEST_PAUSE_MS) : FIRST_PAUSE_MS;
      if (!deadline.signal.aborted) await sleep(options.clock, pauseMs, signal);
      options.signal.throwIfAborted();
      if (deadline.signal.aborted) return { outcome: 'timedOut' };
    }
  } finally {
    stopClock();
  }
}

/** A look, with what a later one may cure as an outcome. */
async function tryTo(
  look: () => Promise<CaptureOutcome | undefined>,
  deadline: AbortSignal,
): Promise<CaptureOutcome | 'nothing' | 'trouble'> {
  try {
    return (await look()) ?? 'nothing';
  } catch (error) {
    if (!deadline.aborted && !passes(error)) throw error;
    return 'trouble';
  }
}

/** One read, unless it is known already, and one watch; `undefined` when the watch ended without an answer. */
async function lookAt(
  kube: KubeClient,
  { key, known }: { key: Key; known: DataMoverBackup | undefined },
  signal: AbortSignal,
): Promise<CaptureOutcome | undefined> {
  const found = known ?? (await kube.get(dataMoverBackups, key, { signal }));
  if (found === undefined) throw vanished(key);
  const now = observe(found);
  if (now !== undefined) return now;
  const events = kube.watch(dataMoverBackups, {
    ...(key.namespace === undefined ? {} : { namespace: key.namespace }),
    fieldSelector: `metadata.name=${key.name}`,
    resourceVersion: found.metadata.resourceVersion ?? '',
    timeoutSeconds: WATCH_SECONDS,
    idleTimeoutMs: IDLE_MS,
    signal,
  });
  for await (const event of events) {
    if (event.type === 'BOOKMARK') continue;
    if (event.type === 'DELETED') throw vanished(key);
    const outcome = observe(event.object);
    if (outcome !== undefined) return outcome;
  }
  return undefined;
}

function observe({ status }: DataMoverBackup): CaptureOutcome | undefined {
  if (status?.capture !== undefined) return { outcome: 'captured', capture: status.capture };
  if (status?.phase !== undefined && isTerminal(status.phase))
    return { outcome: 'failed', message: failureText(status) };
  return undefined;
}

function vanished(key: Key): PluginError {
  return new PluginError(`DataMoverBackup ${formatKey(key)} was deleted while its source was being captured`);
}

/** True for what a second look may cure. */
function passes(error: unknown): boolean {
  return (
    isTransient(error) || isGone(error) || (error instanceof KubeError && error.reason === ClientReason.idle)
  );
}

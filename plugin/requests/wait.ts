import { formatKey, keyOf, type Kind, type Resource } from '../../api/kubernetes/meta.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { ClientReason, isGone, isTransient, KubeError } from '../../kube/client/kube-error.ts';
import { sleep, type Clock } from '../../kube/runtime/clock.ts';
import { PluginError } from '../plugin-error.ts';

export interface WaitOptions {
  clock: Clock;
  timeoutMs: number;
  signal: AbortSignal;
}

/** The condition to wait for on one object. */
export interface Awaited<T extends Resource, Outcome extends object> {
  kind: Kind<T>;
  /** The object as it was found. */
  request: T;
  /** Returns `undefined` until the condition is met. */
  observe: (object: T) => Outcome | undefined;
  /** For the error if the object is deleted: `while its source was being captured`. */
  during: string;
}

/** Bookmarks arrive about once a minute, so this much silence means a dead connection. */
const IDLE_MS = 180_000;
const WATCH_SECONDS = 300;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;

/**
 * Waits until `observe` returns an outcome: starts from the known object, and watches that one object. Retries after broken
 * connections and outages of the API server. Returns `undefined` after `timeoutMs`.
 */
export async function waitForRequest<T extends Resource, Outcome extends object>(
  kube: KubeClient,
  awaited: Awaited<T, Outcome>,
  options: WaitOptions,
): Promise<Outcome | undefined> {
  const deadline = new AbortController();
  const stopClock = options.clock.after(options.timeoutMs, () => deadline.abort());
  const signal = AbortSignal.any([deadline.signal, options.signal]);
  let known: T | undefined = awaited.request;
  try {
    for (let pauseMs = FIRST_PAUSE_MS; ;) {
      const look = (): Promise<Outcome | undefined> => lookAt(kube, { ...awaited, known }, signal);
      const found = await tryTo(look, deadline.signal);
      known = undefined;
      if (typeof found === 'object') return found;
      // The normal end of a watch is no error.
      pauseMs = found === 'trouble' ? Math.min(pauseMs * 2, LONGEST_PAUSE_MS) : FIRST_PAUSE_MS;
      if (!deadline.signal.aborted) await sleep(options.clock, pauseMs, signal);
      options.signal.throwIfAborted();
      if (deadline.signal.aborted) return undefined;
    }
  } finally {
    stopClock();
  }
}

/** Runs one attempt and returns retryable errors as an outcome. */
async function tryTo<Outcome extends object>(
  look: () => Promise<Outcome | undefined>,
  deadline: AbortSignal,
): Promise<Outcome | 'nothing' | 'trouble'> {
  try {
    return (await look()) ?? 'nothing';
  } catch (error) {
    if (!deadline.aborted && !passes(error)) throw error;
    return 'trouble';
  }
}

/** Reads the object once, unless it is known, and watches it once. Returns `undefined` if the watch ended without an outcome. */
async function lookAt<T extends Resource, Outcome extends object>(
  kube: KubeClient,
  awaited: Awaited<T, Outcome> & { known: T | undefined },
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const { kind, request, observe, known } = awaited;
  const key = keyOf(request);
  const vanished = (): PluginError =>
    new PluginError(`${kind.kind} ${formatKey(key)} was deleted ${awaited.during}`);
  const found = known ?? (await kube.get(kind, key, { signal }));
  if (found === undefined) throw vanished();
  const now = observe(found);
  if (now !== undefined) return now;
  const events = kube.watch(kind, {
    ...(key.namespace === undefined ? {} : { namespace: key.namespace }),
    fieldSelector: `metadata.name=${key.name}`,
    resourceVersion: found.metadata.resourceVersion ?? '',
    timeoutSeconds: WATCH_SECONDS,
    idleTimeoutMs: IDLE_MS,
    signal,
  });
  for await (const event of events) {
    if (event.type === 'BOOKMARK') continue;
    if (event.type === 'DELETED') throw vanished();
    const outcome = observe(event.object);
    if (outcome !== undefined) return outcome;
  }
  return undefined;
}

/** Returns true for errors that a retry may fix. */
function passes(error: unknown): boolean {
  return (
    isTransient(error) || isGone(error) || (error instanceof KubeError && error.reason === ClientReason.idle)
  );
}

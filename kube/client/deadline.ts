import { ClientReason, KubeError } from './kube-error.ts';

/** A signal that fires if the caller aborts or the time limit has passed. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Returns the milliseconds left; `Infinity` without a limit. */
  remainingMs(): number;
  /** Restarts the time limit (a watch does so with every byte), or sets another one. */
  extend(ms?: number): void;
  /** Removes the time limit; the caller's signal stays active. */
  lift(): void;
  /** Removes the timer and the listener on the caller's signal. Must be called at the end. */
  clear(): void;
}

export interface DeadlineOptions {
  signal: AbortSignal | undefined;
  /** Absent: no limit. */
  limitMs?: number;
  /** Returns the reason and message of the error after the time limit. */
  describe: (limitMs: number) => { reason: string; message: string };
}

/**
 * Starts a deadline. AbortSignal.any with AbortSignal.timeout would do for one call, but both keep a reference to a long-lived
 * signal of the caller, and neither can be extended.
 */
export function startDeadline(options: DeadlineOptions): Deadline {
  const { signal: outer } = options;
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let limitMs = options.limitMs;
  let endsAt = Infinity;

  const onOuterAbort = (): void => controller.abort(outer?.reason);
  const onTimeout = (): void => {
    // Extending only moves `endsAt`: otherwise a busy watch would create a timer per event.
    const left = endsAt - performance.now();
    if (left > 0) {
      timer = setTimeout(onTimeout, left).unref();
      return;
    }
    const { reason, message } = options.describe(limitMs ?? 0);
    controller.abort(new KubeError({ code: 0, reason, message }));
  };
  const lift = (): void => {
    clearTimeout(timer);
    timer = undefined;
    endsAt = Infinity;
  };
  const extend = (ms?: number): void => {
    if (ms !== undefined) {
      lift();
      limitMs = ms;
    }
    if (limitMs === undefined) return;
    endsAt = performance.now() + limitMs;
    timer ??= setTimeout(onTimeout, limitMs).unref();
  };

  if (outer?.aborted === true) onOuterAbort();
  else outer?.addEventListener('abort', onOuterAbort, { once: true });
  extend();
  return {
    signal: controller.signal,
    remainingMs: () => endsAt - performance.now(),
    extend,
    lift,
    clear() {
      lift();
      outer?.removeEventListener('abort', onOuterAbort);
    },
  };
}

/** Describes a call that took too long. */
export function timeoutOf(what: string): DeadlineOptions['describe'] {
  return (limitMs) => ({
    reason: ClientReason.timeout,
    message: `${what}: no answer from the API server within ${String(limitMs / 1000)} s`,
  });
}

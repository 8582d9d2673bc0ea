import { ClientReason, KubeError } from './kube-error.ts';

/** A signal that fires when the caller gives up or when time is over, whichever comes first. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Milliseconds left; `Infinity` without a limit. */
  remainingMs(): number;
  /** Starts the time anew (a watch does so with every byte), or with another limit. */
  extend(ms?: number): void;
  /** Takes the time limit away; the caller's signal still counts. */
  lift(): void;
  /** Must be called at the end: it lets go of the timer and of the caller's signal. */
  clear(): void;
}

export interface DeadlineOptions {
  signal: AbortSignal | undefined;
  /** Absent: no limit. */
  limitMs?: number;
  /** The error's reason and words when time is over. */
  describe: (limitMs: number) => { reason: string; message: string };
}

/**
 * AbortSignal.any with AbortSignal.timeout would do for one call, but both hold on to a long-lived signal of the
 * caller, and neither can be extended.
 */
export function startDeadline(options: DeadlineOptions): Deadline {
  const { signal: outer } = options;
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let limitMs = options.limitMs;
  let endsAt = Infinity;

  const onOuterAbort = (): void => controller.abort(outer?.reason);
  const onTimeout = (): void => {
    // Extending only moves `endsAt`: a busy watch would otherwise make a timer per event.
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

/** The words for a call that took too long. */
export function timeoutOf(what: string): DeadlineOptions['describe'] {
  return (limitMs) => ({
    reason: ClientReason.timeout,
    message: `${what}: no answer from the API server within ${String(limitMs / 1000)} s`,
  });
}

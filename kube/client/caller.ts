import { setTimeout as sleep } from 'node:timers/promises';
import type { Call } from './call.ts';
import { type Deadline, startDeadline, timeoutOf } from './deadline.ts';
import { isTransient, KubeError } from './kube-error.ts';
import { createSender, readText, type SenderOptions } from './sender.ts';
import type { HttpResponse } from './transport.ts';

export interface CallerOptions extends SenderOptions {
  /** Time limit of one call, retries included. */
  timeoutMs: number;
  /** Attempts after the first one. */
  maxRetries: number;
}

/** Sends calls with authorization, time limit, retries and a single error type. */
export interface Caller {
  /** Returns the parsed body of a 2xx response. Rejects with a KubeError, or with the reason of `call.signal`. */
  json(call: Call): Promise<unknown>;
  /** Returns the open body of a 2xx response. The caller must clear `deadline`. Never retried. */
  open(call: Call, deadline: Deadline): Promise<HttpResponse>;
}

export function createCaller(options: CallerOptions): Caller {
  const { timeoutMs, maxRetries } = options;
  const send = createSender(options);

  async function attempt(call: Call, signal: AbortSignal): Promise<unknown> {
    const response = await send(call, signal, 'call');
    const text = await readText(response);
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw KubeError.from(cause, call);
    }
  }

  async function retrying(call: Call, deadline: Deadline): Promise<unknown> {
    for (let retry = 0; ; retry++) {
      try {
        return await attempt(call, deadline.signal);
      } catch (caught) {
        const mayRetry = call.idempotent && retry < maxRetries && !deadline.signal.aborted;
        const waitMs = mayRetry ? retryDelayMs(KubeError.from(caught), retry) : undefined;
        if (waitMs === undefined || waitMs >= deadline.remainingMs()) throw caught;
        await sleep(waitMs, undefined, { signal: deadline.signal });
      }
    }
  }

  return {
    async json(call) {
      const deadline = startDeadline({
        signal: call.signal,
        limitMs: timeoutMs,
        describe: timeoutOf(`${call.verb} ${call.kind}${call.key === undefined ? '' : ` ${call.key}`}`),
      });
      try {
        return await retrying(call, deadline);
      } catch (caught) {
        if (deadline.signal.aborted) throw deadline.signal.reason;
        throw KubeError.from(caught, call);
      } finally {
        deadline.clear();
      }
    },
    async open(call, deadline) {
      try {
        return await send(call, deadline.signal, 'stream');
      } catch (caught) {
        if (deadline.signal.aborted) throw deadline.signal.reason;
        throw KubeError.from(caught, call);
      }
    },
  };
}

/**
 * Returns the wait before the next attempt in milliseconds, or undefined if a retry is useless. The server did nothing for 429
 * and 503; other 5xx errors rarely end quickly.
 */
function retryDelayMs(error: KubeError, retry: number): number | undefined {
  const retriable = isTransient(error) && [0, 429, 503].includes(error.code);
  if (!retriable) return undefined;
  return error.retryAfterMs ?? 100 * 2 ** retry * (1 + Math.random());
}

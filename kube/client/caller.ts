import { setTimeout as sleep } from 'node:timers/promises';
import { type Deadline, startDeadline, timeoutOf } from './deadline.ts';
import { type CallDescription, isTransient, KubeError } from './kube-error.ts';
import type { HttpRequest, HttpResponse, Transport } from './transport.ts';

/** One call, as the verbs of the client describe it. */
export interface Call extends CallDescription {
  method: HttpRequest['method'];
  path: string;
  body?: unknown;
  contentType?: string;
  /** True if sending it twice has the same effect as sending it once. Only such calls are retried. */
  idempotent: boolean;
  signal?: AbortSignal | undefined;
}

export interface CallerOptions {
  transport: Transport;
  /** Returns the `Authorization` header; `fresh` skips a cached token, after an error 401. */
  authorization?: (fresh: boolean) => Promise<string | undefined>;
  userAgent: string;
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
  const { transport, timeoutMs, maxRetries } = options;

  async function sendOnce(
    call: Call,
    how: { signal: AbortSignal; pool: HttpRequest['pool']; fresh: boolean },
  ) {
    how.signal.throwIfAborted();
    const authorization = await options.authorization?.(how.fresh);
    return transport.send({
      method: call.method,
      path: call.path,
      headers: {
        accept: 'application/json',
        'user-agent': options.userAgent,
        ...(authorization === undefined ? {} : { authorization }),
        ...(call.body === undefined ? {} : { 'content-type': call.contentType ?? 'application/json' }),
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      signal: how.signal,
      pool: how.pool,
    });
  }

  async function send(call: Call, signal: AbortSignal, pool: HttpRequest['pool']): Promise<HttpResponse> {
    let response = await sendOnce(call, { signal, pool, fresh: false });
    if (response.code === 401 && options.authorization !== undefined) {
      // The token may have been rotated since it was read. Nothing was executed, so even a create may be sent again.
      await readText(response);
      response = await sendOnce(call, { signal, pool, fresh: true });
    }
    if (response.code >= 200 && response.code < 300) return response;
    const retryAfterMs = parseRetryAfter(response.headers['retry-after']);
    const body = await readText(response);
    throw KubeError.fromResponse(
      { code: response.code, body, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
      call,
    );
  }

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

/** Parses `Retry-After` in seconds, the only form that the API server sends. */
function parseRetryAfter(header: string | string[] | undefined): number | undefined {
  if (typeof header !== 'string' || !/^\d+$/.test(header.trim())) return undefined;
  return Number(header) * 1000;
}

async function readText(response: HttpResponse): Promise<string> {
  response.body.setEncoding('utf8');
  const pieces: string[] = [];
  for await (const piece of response.body as AsyncIterable<string>) pieces.push(piece);
  return pieces.join('');
}

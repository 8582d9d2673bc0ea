import type { Call } from './call.ts';
import { KubeError } from './kube-error.ts';
import type { HttpRequest, HttpResponse, Transport } from './transport.ts';

export interface SenderOptions {
  transport: Transport;
  /** Returns the `Authorization` header; `fresh` skips a cached token, after an error 401. */
  authorization?: (fresh: boolean) => Promise<string | undefined>;
  userAgent: string;
}

/** Sends a call with authorization. Returns the open response if it is 2xx, and throws a KubeError for any other code. */
export type Sender = (call: Call, signal: AbortSignal, pool: HttpRequest['pool']) => Promise<HttpResponse>;

export function createSender({ transport, authorization, userAgent }: SenderOptions): Sender {
  async function sendOnce(
    call: Call,
    how: { signal: AbortSignal; pool: HttpRequest['pool']; fresh: boolean },
  ): Promise<HttpResponse> {
    how.signal.throwIfAborted();
    const header = await authorization?.(how.fresh);
    return transport.send({
      method: call.method,
      path: call.path,
      headers: {
        accept: 'application/json',
        'user-agent': userAgent,
        ...(header === undefined ? {} : { authorization: header }),
        ...(call.body === undefined ? {} : { 'content-type': call.contentType ?? 'application/json' }),
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      signal: how.signal,
      pool: how.pool,
    });
  }

  return async (call, signal, pool) => {
    let response = await sendOnce(call, { signal, pool, fresh: false });
    if (response.code === 401 && authorization !== undefined) {
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
  };
}

/** Parses `Retry-After` in seconds, the only form that the API server sends. */
function parseRetryAfter(header: string | string[] | undefined): number | undefined {
  if (typeof header !== 'string' || !/^\d+$/.test(header.trim())) return undefined;
  return Number(header) * 1000;
}

/** Reads the body of a response to its end. */
export async function readText(response: HttpResponse): Promise<string> {
  response.body.setEncoding('utf8');
  const pieces: string[] = [];
  for await (const piece of response.body as AsyncIterable<string>) pieces.push(piece);
  return pieces.join('');
}

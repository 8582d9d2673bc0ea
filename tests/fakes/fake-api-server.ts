import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** A request as a handler sees it. */
export interface ApiRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  body: string;
}

/** The answer to one request. `raw` writes the response itself; the other members are shorthands. */
export type Answer =
  | { json: unknown; code?: number; headers?: Record<string, string> }
  | { raw: (response: ServerResponse, request: ApiRequest) => void };

export type Handler = (request: ApiRequest) => Answer | Promise<Answer>;

/** An open watch that a test can feed or break. */
export interface OpenWatch {
  readonly request: ApiRequest;
  send(type: string, object: unknown): void;
  /** Writes raw bytes, such as half a line. */
  write(text: string): void;
  end(): void;
  /** A TCP reset, as from a load balancer that has lost its connection table. */
  reset(): void;
}

/** An HTTP server with enough of the watch protocol to fail in every way in which a real one can. */
export interface FakeApiServer {
  readonly url: string;
  /** All requests, in order. */
  readonly requests: ApiRequest[];
  /** TCP connections opened so far, and open now. */
  readonly connections: { total: number; open: number };
  readonly watches: OpenWatch[];
  /** Answers for the next requests, in order; after them `handler` answers again. */
  next(...answers: (Answer | Handler)[]): void;
  handler: Handler;
  /** Resolves with the n-th watch (from 0) as soon as it is open. */
  watch(index: number): Promise<OpenWatch>;
  close(): Promise<void>;
}

/** Keeps the watch open until the test ends it; headers are sent at once. */
export const openWatch: Answer = {
  raw: (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
  },
};

/** Accepts the request and never answers. */
export const silence: Answer = { raw: () => undefined };

export const resetConnection: Answer = { raw: (response) => (response.socket as Socket).resetAndDestroy() };

/** Returns an answer with a Kubernetes `Status`. */
export function status(
  code: number,
  reason: string,
  more: { retryAfterSeconds?: number; continue?: string } = {},
): Answer {
  return {
    code,
    json: {
      kind: 'Status',
      apiVersion: 'v1',
      status: 'Failure',
      code,
      reason,
      message: `the server says ${reason}`,
      metadata: more.continue === undefined ? {} : { continue: more.continue },
    },
    ...(more.retryAfterSeconds === undefined
      ? {}
      : { headers: { 'retry-after': String(more.retryAfterSeconds) } }),
  };
}

/** Returns an answer with a page of a list. */
export function listOf(resourceVersion: string, items: unknown[], continueToken?: string): Answer {
  return {
    json: {
      kind: 'List',
      apiVersion: 'v1',
      metadata: { resourceVersion, ...(continueToken === undefined ? {} : { continue: continueToken }) },
      items,
    },
  };
}

export async function startFakeApiServer(
  handler: Handler = () => status(404, 'NotFound'),
): Promise<FakeApiServer> {
  const queue: (Answer | Handler)[] = [];
  const waiting: { index: number; resolve: (watch: OpenWatch) => void }[] = [];
  const sockets = new Set<Socket>();

  const server: Server = createServer((incoming, response) => {
    void read(incoming).then(async (request) => {
      fake.requests.push(request);
      const next = queue.shift() ?? fake.handler;
      const answer = typeof next === 'function' ? await next(request) : next;
      give(answer, request, response);
    });
  });
  server.on('connection', (socket) => {
    fake.connections.total++;
    fake.connections.open++;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      fake.connections.open--;
      sockets.delete(socket);
    });
  });

  function give(answer: Answer, request: ApiRequest, response: ServerResponse): void {
    if ('json' in answer) {
      response.writeHead(answer.code ?? 200, { 'content-type': 'application/json', ...answer.headers });
      response.end(JSON.stringify(answer.json));
      return;
    }
    answer.raw(response, request);
    if (answer === openWatch) announce(request, response);
  }

  function announce(request: ApiRequest, response: ServerResponse): void {
    fake.watches.push({
      request,
      send: (type, object) => response.write(`${JSON.stringify({ type, object })}\n`),
      write: (text) => response.write(text),
      end: () => response.end(),
      reset: () => (response.socket as Socket).resetAndDestroy(),
    });
    for (const { index, resolve } of [...waiting]) {
      const watch = fake.watches[index];
      if (watch !== undefined) resolve(watch);
    }
  }

  const fake: FakeApiServer = {
    url: '',
    requests: [],
    connections: { total: 0, open: 0 },
    watches: [],
    next: (...answers) => void queue.push(...answers),
    handler,
    watch(index) {
      const open = fake.watches[index];
      if (open !== undefined) return Promise.resolve(open);
      return new Promise((resolve) => waiting.push({ index, resolve }));
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(fake, { url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}` });
}

async function read(incoming: IncomingMessage): Promise<ApiRequest> {
  incoming.setEncoding('utf8');
  let body = '';
  for await (const piece of incoming as AsyncIterable<string>) body += piece;
  const url = new URL(incoming.url ?? '/', 'http://fake');
  return {
    method: incoming.method ?? '',
    path: url.pathname,
    query: url.searchParams,
    headers: incoming.headers,
    body,
  };
}

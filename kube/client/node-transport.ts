import { Agent, request as send, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import { urlToHttpOptions } from 'node:url';
import { ClientReason, KubeError } from './kube-error.ts';
import { CONNECT_TIMEOUT_MS, KEEP_ALIVE_MS, type HttpRequest, type OpenTransport } from './transport.ts';

/**
 * Creates a transport over Node's own HTTP client. undici handles more calls per core, but compiles its parser from WebAssembly
 * in each process; in a process that lives for one second this costs more than all of its calls.
 */
export const createNodeTransport: OpenTransport = ({ origin, tls, maxConnections }) => {
  const server = urlToHttpOptions(new URL(origin));
  const AgentOf = server.protocol === 'https:' ? TlsAgent : Agent;
  const common = { ...tls, keepAlive: true, keepAliveInitialDelay: 30_000 };
  const agents: Record<HttpRequest['pool'], Agent> = {
    // The time limit is for idle connections; Node does not limit a call in progress.
    call: new AgentOf({ ...common, maxSockets: maxConnections, timeout: KEEP_ALIVE_MS }),
    stream: new AgentOf(common),
  };
  const open = new Set<ClientRequest | IncomingMessage>();
  const untilClosed = (one: ClientRequest | IncomingMessage): void => {
    open.add(one);
    one.once('close', () => open.delete(one));
  };
  let closed = false;
  return {
    send({ method, path, headers, body, signal, pool }) {
      if (closed) return Promise.reject(closedError());
      return new Promise((resolve, reject) => {
        const call = send({
          ...server,
          method,
          path,
          // Node sets the length of a body itself, except for DELETE.
          headers: body === undefined ? headers : { ...headers, 'content-length': Buffer.byteLength(body) },
          agent: agents[pool],
          signal,
        });
        untilClosed(call);
        limitConnect(call);
        call.on('error', reject);
        call.on('response', (response) => {
          untilClosed(response);
          resolve({ code: response.statusCode ?? 0, headers: response.headers, body: response });
        });
        call.end(body);
      });
    },
    close() {
      closed = true;
      for (const one of open) one.destroy(closedError());
      agents.call.destroy();
      agents.stream.destroy();
      return Promise.resolve();
    },
  };
};

/** Limits the time to connect, which Node leaves to the kernel; the kernel tries for minutes. */
function limitConnect(call: ClientRequest): void {
  call.once('socket', (socket) => {
    if (!socket.connecting) return;
    const giveUp = setTimeout(() => {
      const message = `no connection within ${String(CONNECT_TIMEOUT_MS / 1000)} s`;
      call.destroy(Object.assign(new Error(message), { code: 'ETIMEDOUT' }));
    }, CONNECT_TIMEOUT_MS);
    const connected = (): void => clearTimeout(giveUp);
    socket.once('connect', connected).once('close', connected);
  });
}

function closedError(): KubeError {
  return new KubeError({ code: 0, reason: ClientReason.closed, message: 'the client is closed' });
}

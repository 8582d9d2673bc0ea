import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { Transform, type TransformCallback } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

/** A way to the object store through which uploads are slow. */
export interface SlowProxy {
  /** `http://host:port`. */
  endpoint: string;
  close(): void;
}

const CHUNK = 64 * 1024;

/** Listens on the host of `target` (`http://host:port`) and lets `bytesPerSecond` pass in all connections together. */
export async function startSlowProxy(target: string, bytesPerSecond: number): Promise<SlowProxy> {
  const { hostname, port } = new URL(target);
  const pass = rateLimit(bytesPerSecond);
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('close', () => open.delete(socket));
      socket.on('error', () => {
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(slowed(pass)).pipe(upstream);
    upstream.pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, hostname, resolve));
  return {
    endpoint: `http://${hostname}:${String((server.address() as AddressInfo).port)}`,
    close: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

/** Gives leave to send, in the order of asking, as fast as the rate allows. */
function rateLimit(bytesPerSecond: number): (bytes: number) => Promise<void> {
  let freeAt = 0;
  return async (bytes) => {
    const now = performance.now();
    freeAt = Math.max(freeAt, now) + (bytes / bytesPerSecond) * 1000;
    await delay(freeAt - now);
  };
}

function slowed(pass: (bytes: number) => Promise<void>): Transform {
  const send = async (stream: Transform, data: Buffer, done: TransformCallback): Promise<void> => {
    for (let at = 0; at < data.length; at += CHUNK) {
      const chunk = data.subarray(at, at + CHUNK);
      await pass(chunk.length);
      stream.push(chunk);
    }
    done();
  };
  return new Transform({
    transform(data: Buffer, _, done) {
      void send(this, data, done);
    },
  });
}

import { createServer } from 'node:net';
import { Transform, type TransformCallback } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { startProxy } from './proxy.ts';

/** A slow way to the object store. */
export interface SlowProxy {
  /** `http://host:port`. */
  endpoint: string;
  /** How many bytes may pass in a second from now on; `Infinity`: as many as there are. */
  limit(bytesPerSecond: number): void;
  close(): void;
}

const CHUNK = 64 * 1024;

/**
 * Listens on the host of `target` (`http://host:port`) and lets `bytesPerSecond` pass each way, in all connections
 * together.
 */
export async function startSlowProxy(target: string, bytesPerSecond: number): Promise<SlowProxy> {
  let rate = bytesPerSecond;
  const [up, down] = [rateLimit(() => rate), rateLimit(() => rate)];
  const { address, close } = await startProxy(
    target,
    (onClient) => createServer(onClient),
    (client, upstream) => {
      client.pipe(slowed(up)).pipe(upstream);
      upstream.pipe(slowed(down)).pipe(client);
    },
  );
  return {
    endpoint: `http://${address}`,
    limit: (bytes) => {
      rate = bytes;
    },
    close,
  };
}

/** Gives leave to send, in the order of asking, as fast as the rate allows. */
function rateLimit(rate: () => number): (bytes: number) => Promise<void> {
  let freeAt = 0;
  return async (bytes) => {
    const now = performance.now();
    freeAt = Math.max(freeAt, now) + (bytes / rate()) * 1000;
    await delay(freeAt - now, undefined, { ref: false });
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

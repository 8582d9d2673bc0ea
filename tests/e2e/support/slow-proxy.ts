import { createServer } from 'node:net';
import { Transform, type TransformCallback } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { startProxy } from './proxy.ts';

/** A slow proxy in front of the object store. */
export interface SlowProxy {
  /** `http://host:port`. */
  endpoint: string;
  /** Sets the number of bytes per second from now on, also for those that already wait; `Infinity`: no limit. */
  limit(bytesPerSecond: number): void;
  close(): void;
}

const CHUNK = 64 * 1024;

/**
 * Listens on the host of `target` (`http://host:port`) and passes `bytesPerSecond` in each direction, over all connections
 * together.
 */
export async function startSlowProxy(target: string, bytesPerSecond: number): Promise<SlowProxy> {
  const [up, down] = [rateLimit(bytesPerSecond), rateLimit(bytesPerSecond)];
  const { address, close } = await startProxy(
    target,
    (onClient) => createServer(onClient),
    (client, upstream) => {
      client.pipe(slowed(up.pass)).pipe(upstream);
      upstream.pipe(slowed(down.pass)).pipe(client);
    },
  );
  return {
    endpoint: `http://${address}`,
    limit: (bytes) => {
      up.limit(bytes);
      down.limit(bytes);
    },
    close,
  };
}

interface RateLimit {
  /** Resolves when the bytes may be sent, in the order of the calls, as fast as the rate allows. */
  pass(bytes: number): Promise<void>;
  limit(bytesPerSecond: number): void;
}

function rateLimit(bytesPerSecond: number): RateLimit {
  let rate = bytesPerSecond;
  let freeAt = 0;
  let change = Promise.withResolvers<void>();
  return {
    async pass(bytes) {
      const now = performance.now();
      freeAt = Math.max(freeAt, now) + (bytes / rate) * 1000;
      await Promise.race([delay(freeAt - now, undefined, { ref: false }), change.promise]);
    },
    limit(bytes) {
      rate = bytes;
      freeAt = 0;
      change.resolve();
      change = Promise.withResolvers();
    },
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

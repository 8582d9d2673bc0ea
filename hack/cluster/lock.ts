import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const RETRY_MS = 500;

/**
 * Runs `work` while holding a lock that is exclusive on this machine.
 * The lock is an abstract unix socket: the kernel releases it with the process, so it is never stale.
 *
 * @param subject what is locked, e.g. a folder's absolute path
 * @param onWait called once if another process holds the lock
 */
export async function withLock<T>(subject: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  const address = `\0datamover-cluster-${createHash('sha256').update(subject).digest('hex').slice(0, 32)}`;
  const server = await acquire(address, onWait);
  try {
    return await work();
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

async function acquire(address: string, onWait: () => void): Promise<ReturnType<typeof createServer>> {
  for (let tries = 0; ; tries++) {
    const server = createServer();
    const taken = await new Promise<boolean>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'EADDRINUSE') resolve(true);
        else reject(error);
      });
      server.listen(address, () => {
        resolve(false);
      });
    });
    if (!taken) return server.unref();
    if (tries === 0) onWait();
    await delay(RETRY_MS);
  }
}

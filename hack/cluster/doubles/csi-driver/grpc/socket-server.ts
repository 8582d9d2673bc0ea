import { chmod, mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { BoundService } from './services.ts';

/** A gRPC server that listens on one unix socket. */
export interface SocketServer {
  readonly path: string;
  /** Stops at once, aborts open calls and removes the socket. */
  close(): Promise<void>;
}

/**
 * Serves `services` on the unix socket `path`, and replaces a socket of an earlier run. Only root can access the socket, as in
 * kubelet's plugin folder.
 */
export async function serveOnSocket(path: string, services: readonly BoundService[]): Promise<SocketServer> {
  await mkdir(dirname(path), { recursive: true });
  await rm(path, { force: true });
  const server = new Server();
  for (const { definition, implementation } of services) server.addService(definition, implementation);
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix://${path}`, ServerCredentials.createInsecure(), (error) => {
      if (error === null) resolve();
      else reject(new Error(`cannot listen on ${path}: ${error.message}`, { cause: error }));
    });
  });
  await chmod(path, 0o600);
  return {
    path,
    async close() {
      server.forceShutdown();
      await rm(path, { force: true });
    },
  };
}

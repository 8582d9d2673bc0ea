import { afterEach, beforeEach } from '@jest/globals';
import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import { type FakeApiServer, startFakeApiServer } from './fake-api-server.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { createKubeClientOver, type KubeClientOptions } from '../../kube/client/kube-client-over.ts';
import { createNodeTransport } from '../../kube/client/node-transport.ts';
import type { OpenTransport } from '../../kube/client/transport.ts';
import { createUndiciTransport } from '../../kube/client/undici-transport.ts';
import { widgetKind } from './widgets.ts';

export const TRANSPORTS = [
  ['undici', createUndiciTransport],
  ['node:http', createNodeTransport],
] as const;

export interface Widget extends Resource {
  spec?: { size: number };
}
export const widgets = widgetKind<Widget>();
export const nodes: Kind<Resource> = {
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  namespaced: false,
};
export const key = { namespace: 'app', name: 'a' };
export const widget: Widget = {
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: key,
  spec: { size: 1 },
};
export const watchOptions = { resourceVersion: '5', timeoutSeconds: 300, idleTimeoutMs: 5_000 };

/** The double of an API server for the current test. */
export let server: FakeApiServer;
let clients: KubeClient[];
let openTransport: OpenTransport;

/** Starts a server before each test, and closes it and all clients after it. */
export function useServer(transport: OpenTransport): void {
  beforeEach(async () => {
    clients = [];
    openTransport = transport;
    server = await startFakeApiServer(() => ({ json: widget }));
  });
  afterEach(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await server.close();
  });
}

/** Replaces the server during a test; the new one is closed after it. */
export function replaceServer(next: FakeApiServer): void {
  server = next;
}

export function connect(options: Partial<KubeClientOptions> = {}, path = ''): KubeClient {
  const config = { server: server.url + path, tls: {} };
  const client = createKubeClientOver(openTransport, config, { fieldManager: 'me', ...options });
  closeAtEnd(client);
  return client;
}

/** Closes a client after the test. */
export function closeAtEnd(client: KubeClient): void {
  clients.push(client);
}

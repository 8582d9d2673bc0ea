import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll } from '@jest/globals';
import { namespaces } from '../../api/kubernetes/core.ts';
import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import { createKubeClient } from '../../kube/client/http-kube-client.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { isInvalid } from '../../kube/client/kube-error.ts';
import { startControlPlane, type ControlPlane } from './control-plane.ts';
import { installCrds, type Crd } from './install-crds.ts';

/** An API server with our kinds, and calls that it may reject. */

export const NAMESPACE = 'shop';
export const RESULT = { mover: 'VolSync', repository: 'c1/shop/data', snapshotID: '9f2c1b7d' };

export let plane: ControlPlane;
export let client: KubeClient;
export let installed: Crd[];

/** Starts an API server with our kinds before all tests of a file. */
export function useCrds(): void {
  beforeAll(async () => {
    plane = await startControlPlane();
    client = createKubeClient(plane.config, { fieldManager: 'test' });
    installed = await installCrds(client);
    for (const name of [NAMESPACE, 'velero']) {
      await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    }
  }, 300_000);

  afterAll(async () => {
    await client.close();
    await plane.stop();
  });
}

let count = 0;

/** Creates an object of our kinds with the given spec under a new name. The spec may be invalid on purpose. */
export async function create<T extends Resource>(kind: Kind<T>, spec: unknown): Promise<T> {
  count += 1;
  const metadata = { name: `x-${String(count)}`, ...(kind.namespaced && { namespace: NAMESPACE }) };
  const object = { apiVersion: `${kind.group}/${kind.version}`, kind: kind.kind, metadata, spec };
  return client.create(kind, object as unknown as T);
}

/** Merges into the spec of an object. */
export async function change<T extends Resource>(
  kind: Kind<T>,
  object: T,
  spec: Record<string, unknown>,
): Promise<T> {
  const { name, namespace } = object.metadata;
  return client.mergePatch(kind, { name, ...(namespace !== undefined && { namespace }) }, { spec });
}

/** Returns the error with which the API server rejects a call as invalid. Fails if it does not. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  const outcome = await call.then(
    () => 'accepted',
    (error: unknown) => error,
  );
  if (!isInvalid(outcome)) throw new Error('should have been refused as invalid', { cause: outcome });
  return outcome.message;
}

export const claim = { kind: 'PersistentVolumeClaim', name: 'data' };

/** Returns one object as `kubectl get` shows it: cells by column. */
export async function rowOf(path: string): Promise<Record<string, unknown>> {
  const table = (await getJson(path, 'application/json;as=Table;v=v1;g=meta.k8s.io')) as {
    columnDefinitions: { name: string }[];
    rows: { cells: unknown[] }[];
  };
  const cells = table.rows[0]?.cells ?? [];
  return Object.fromEntries(table.columnDefinitions.map(({ name }, index) => [name, cells[index]]));
}

/** Sends a plain GET, for what the client does not offer. */
export async function getJson(path: string, accept = 'application/json'): Promise<unknown> {
  const { server, tls, authorization } = plane.config;
  const headers = { accept, authorization: (await authorization?.(false)) ?? '' };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(`${server}${path}`, { ca: tls.ca, headers }, resolve).on('error', reject);
  });
  return json(response);
}

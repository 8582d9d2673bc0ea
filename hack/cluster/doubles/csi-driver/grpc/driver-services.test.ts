import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, makeGenericClientConstructor, status } from '@grpc/grpc-js';
import type { Client, ServiceDefinition } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { nodeService } from '../node/node-service.ts';
import type { Mounter } from '../node/bind-mounts.ts';
import { controllerService } from '../volumes/controller-service.ts';
import { FolderStore } from '../volumes/folder-store.ts';
import { identityService } from './identity-service.ts';
import { controllerDefinition, identityDefinition, nodeDefinition } from './services.ts';
import { serveOnSocket } from './socket-server.ts';
import type { SocketServer } from './socket-server.ts';

/** Calls a method over the socket, as kubelet and csi-snapshotter do. */
function caller(path: string, definition: ServiceDefinition) {
  const Constructor = makeGenericClientConstructor(definition, 'test');
  const client: Client = new Constructor(`unix://${path}`, credentials.createInsecure());
  return {
    close: () => {
      client.close();
    },
    call: (method: string, request: object) =>
      new Promise<unknown>((resolve, reject) => {
        const { path: url, requestSerialize, responseDeserialize } = definition[method] ?? fail(method);
        client.makeUnaryRequest(url, requestSerialize, responseDeserialize, request, (error, reply) => {
          if (error === null) resolve(reply);
          else reject(error);
        });
      }),
  };
}

function fail(method: string): never {
  throw new Error(`no method ${method}`);
}

/** Records mounts instead of mounting; real mounts need root and are tested in the embedded cluster. */
class RecordingMounter implements Mounter {
  readonly mounts = new Map<string, { source: string; readOnly: boolean }>();
  isMounted(target: string): Promise<boolean> {
    return Promise.resolve(this.mounts.has(target));
  }
  bind(source: string, target: string, readOnly: boolean): Promise<void> {
    this.mounts.set(target, { source, readOnly });
    return Promise.resolve();
  }
  unmount(target: string): Promise<void> {
    this.mounts.delete(target);
    return Promise.resolve();
  }
}

describe('the driver on its socket', () => {
  let folder: string;
  let server: SocketServer;
  let store: FolderStore;
  let mounter: RecordingMounter;
  let identity: ReturnType<typeof caller>;
  let controller: ReturnType<typeof caller>;
  let node: ReturnType<typeof caller>;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'csi-'));
    store = new FolderStore(join(folder, 'data'));
    await store.open();
    mounter = new RecordingMounter();
    const path = join(folder, 'plugins', 'csi.sock');
    server = await serveOnSocket(path, [
      identityService({ name: 'csi-test.example', version: '1.2.3', topology: false }),
      controllerService(store),
      nodeService({ nodeName: 'node-1', store, mounter }),
    ]);
    identity = caller(path, identityDefinition);
    controller = caller(path, controllerDefinition);
    node = caller(path, nodeDefinition);
  });
  afterEach(async () => {
    for (const client of [identity, controller, node]) client.close();
    await server.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('reports its name, version, capabilities and node', async () => {
    expect(await identity.call('GetPluginInfo', {})).toEqual({
      name: 'csi-test.example',
      vendor_version: '1.2.3',
    });
    expect(await identity.call('GetPluginCapabilities', {})).toMatchObject({
      capabilities: [{ service: { type: 'CONTROLLER_SERVICE' } }],
    });
    expect(await identity.call('Probe', {})).toEqual({ ready: { value: true } });
    expect(await node.call('NodeGetInfo', {})).toMatchObject({ node_id: 'node-1' });
  });

  it('creates a snapshot once per name and lists it by id', async () => {
    const volume = await store.createVolume({ name: 'v', capacityBytes: 5_000_000_000 });
    const request = { source_volume_id: volume.id, name: 'snapshot-1', parameters: {} };
    const first = await controller.call('CreateSnapshot', request);
    expect(await controller.call('CreateSnapshot', request)).toEqual(first);
    expect(first).toMatchObject({
      snapshot: { size_bytes: '5000000000', source_volume_id: volume.id, ready_to_use: true },
    });
    const { snapshot_id } = (first as { snapshot: { snapshot_id: string } }).snapshot;
    expect(await controller.call('ListSnapshots', { snapshot_id })).toMatchObject({
      entries: [{ snapshot: { snapshot_id } }],
    });
    await controller.call('DeleteSnapshot', { snapshot_id });
    expect(await controller.call('ListSnapshots', { snapshot_id })).toMatchObject({ entries: [] });
  });

  it('pages through snapshots', async () => {
    const { id } = await store.createVolume({ name: 'v', capacityBytes: 1 });
    for (const name of ['a', 'b', 'c']) await store.createSnapshot({ name, sourceVolumeId: id });
    const first = (await controller.call('ListSnapshots', { max_entries: 2 })) as {
      entries: unknown[];
      next_token: string;
    };
    expect(first.entries).toHaveLength(2);
    const rest = await controller.call('ListSnapshots', { max_entries: 2, starting_token: first.next_token });
    expect(rest).toMatchObject({ entries: [{}], next_token: '' });
  });

  it('fails or delays a snapshot according to the class parameters', async () => {
    const { id } = await store.createVolume({ name: 'v', capacityBytes: 1 });
    const create = (parameters: object) =>
      controller.call('CreateSnapshot', { source_volume_id: id, name: 'n', parameters });
    await expect(create({ failCreate: 'array is full' })).rejects.toThrow(/array is full/);
    await expect(create({ delaySeconds: 'soon' })).rejects.toThrow(/delaySeconds must be a number/);
    expect(await create({ readyDelaySeconds: '60' })).toMatchObject({ snapshot: { ready_to_use: false } });
  });

  it('answers NOT_FOUND for a volume that does not exist', async () => {
    const snapshot = controller.call('CreateSnapshot', { source_volume_id: 'vol-none', name: 'n' });
    await expect(snapshot).rejects.toMatchObject({ code: status.NOT_FOUND });
  });

  it('publishes a volume read-only if requested, and accepts repeated calls', async () => {
    const { id } = await store.createVolume({ name: 'v', capacityBytes: 1 });
    const target = join(folder, 'pods', 'uid', 'mount');
    const request = { volume_id: id, target_path: target, readonly: true, volume_capability: { mount: {} } };
    await node.call('NodePublishVolume', request);
    await node.call('NodePublishVolume', request);
    expect([...mounter.mounts]).toEqual([[target, { source: store.volumePath(id), readOnly: true }]]);
    await node.call('NodeUnpublishVolume', { volume_id: id, target_path: target });
    await node.call('NodeUnpublishVolume', { volume_id: id, target_path: target });
    expect(mounter.mounts.size).toBe(0);
    await expect(access(target)).rejects.toThrow();
  });

  it('refuses block volumes', async () => {
    const { id } = await store.createVolume({ name: 'v', capacityBytes: 1 });
    const request = { volume_id: id, target_path: join(folder, 't'), volume_capability: { block: {} } };
    await expect(node.call('NodePublishVolume', request)).rejects.toThrow(/Filesystem only/);
  });
});

import { mkdir, rmdir } from 'node:fs/promises';
import { invalidArgument, notFound } from '../grpc/rpc-error.ts';
import { nodeDefinition, unary } from '../grpc/services.ts';
import type { BoundService } from '../grpc/services.ts';
import type { FolderStore } from '../volumes/folder-store.ts';
import type { Mounter } from './bind-mounts.ts';

interface NodePublishVolumeRequest {
  volume_id: string;
  target_path: string;
  readonly: boolean;
  /** Null if the caller did not set it. */
  volume_capability: { access_type?: 'block' | 'mount' } | null;
}

export interface NodeServiceOptions {
  nodeName: string;
  store: FolderStore;
  mounter: Mounter;
  /** Label that ties volumes to the node. Absent: every node can use them. */
  topologyKey?: string;
}

/** `csi.v1.Node`: publishing a volume bind-mounts its folder. */
export function nodeService({ nodeName, store, mounter, topologyKey }: NodeServiceOptions): BoundService {
  async function publish(request: NodePublishVolumeRequest): Promise<object> {
    const { volume_id: id, target_path: target, readonly } = request;
    if (target === '') throw invalidArgument('NodePublishVolume: target_path is missing');
    if (request.volume_capability?.access_type === 'block') {
      throw invalidArgument(`volume ${id}: this driver serves volumeMode Filesystem only`);
    }
    if ((await store.getVolume(id)) === undefined) throw notFound(`there is no volume ${id}`);
    if (await mounter.isMounted(target)) return {};
    await mkdir(target, { recursive: true });
    await mounter.bind(store.volumePath(id), target, readonly);
    return {};
  }

  async function unpublish({ target_path: target }: { target_path: string }): Promise<object> {
    if (target === '') throw invalidArgument('NodeUnpublishVolume: target_path is missing');
    if (await mounter.isMounted(target)) await mounter.unmount(target);
    await rmdir(target).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    });
    return {};
  }

  return {
    definition: nodeDefinition,
    implementation: {
      NodePublishVolume: unary(publish),
      NodeUnpublishVolume: unary(unpublish),
      NodeGetCapabilities: unary(() => ({ capabilities: [] })),
      NodeGetInfo: unary(() => ({
        node_id: nodeName,
        ...(topologyKey === undefined
          ? {}
          : { accessible_topology: { segments: { [topologyKey]: nodeName } } }),
      })),
    },
  };
}

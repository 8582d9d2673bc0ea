import { controllerDefinition, unary } from '../grpc/services.ts';
import type { BoundService } from '../grpc/services.ts';
import { invalidArgument } from '../grpc/rpc-error.ts';
import { readFaults, applyFaults } from './faults.ts';
import type { FolderStore, SnapshotRecord } from './folder-store.ts';

interface CreateSnapshotRequest {
  source_volume_id: string;
  name: string;
  parameters: Record<string, string>;
}

interface ListSnapshotsRequest {
  max_entries: number;
  starting_token: string;
  source_volume_id: string;
  snapshot_id: string;
}

/** The snapshot part of `csi.v1.Controller`, for csi-snapshotter. Volumes are created by the provisioner loop instead. */
export function controllerService(store: FolderStore): BoundService {
  const toMessage = (snapshot: SnapshotRecord): object => ({
    size_bytes: String(snapshot.sizeBytes),
    snapshot_id: snapshot.id,
    source_volume_id: snapshot.sourceVolumeId,
    creation_time: toTimestamp(snapshot.createdAt),
    ready_to_use: store.isReady(snapshot),
  });

  async function createSnapshot(request: CreateSnapshotRequest): Promise<object> {
    const { name, source_volume_id: sourceVolumeId, parameters } = request;
    if (name === '') throw invalidArgument('CreateSnapshot: name is missing');
    if (sourceVolumeId === '') throw invalidArgument('CreateSnapshot: source_volume_id is missing');
    const faults = readFaults(parameters);
    await applyFaults(faults);
    const snapshot = await store.createSnapshot({ name, sourceVolumeId, readyDelayMs: faults.readyDelayMs });
    return { snapshot: toMessage(snapshot) };
  }

  async function listSnapshots(request: ListSnapshotsRequest): Promise<object> {
    const all = (await store.listSnapshots()).filter(
      (snapshot) =>
        (request.snapshot_id === '' || snapshot.id === request.snapshot_id) &&
        (request.source_volume_id === '' || snapshot.sourceVolumeId === request.source_volume_id),
    );
    const start = request.starting_token === '' ? 0 : Number(request.starting_token);
    const end = request.max_entries > 0 ? start + request.max_entries : all.length;
    return {
      entries: all.slice(start, end).map((snapshot) => ({ snapshot: toMessage(snapshot) })),
      next_token: end < all.length ? String(end) : '',
    };
  }

  return {
    definition: controllerDefinition,
    implementation: {
      ControllerGetCapabilities: unary(() => ({
        capabilities: ['CREATE_DELETE_SNAPSHOT', 'LIST_SNAPSHOTS'].map((type) => ({ rpc: { type } })),
      })),
      CreateSnapshot: unary(createSnapshot),
      DeleteSnapshot: unary(async ({ snapshot_id: id }: { snapshot_id: string }) => {
        await store.deleteSnapshot(id);
        return {};
      }),
      ListSnapshots: unary(listSnapshots),
    },
  };
}

function toTimestamp(time: string): { seconds: string; nanos: number } {
  const ms = Date.parse(time);
  return { seconds: String(Math.floor(ms / 1000)), nanos: (ms % 1000) * 1_000_000 };
}

import { persistentVolumeClaims, persistentVolumes } from '../../../../../api/kubernetes/core.ts';
import type { PersistentVolumeClaim } from '../../../../../api/kubernetes/core.ts';
import { volumeSnapshotContents, volumeSnapshots } from '../../../../../api/kubernetes/snapshot.ts';
import type { VolumeSnapshot, VolumeSnapshotContent } from '../../../../../api/kubernetes/snapshot.ts';
import type { KubeClient } from '../../../../../kube/client/kube-client.ts';
import { parseQuantity } from '../../../../../api/kubernetes/quantity.ts';
import type { CreateVolume } from '../volumes/folder-store.ts';
import { ProvisioningError } from './provisioning-error.ts';

/** The source of a claim's contents. */
export type ClaimSource =
  | { kind: 'empty' }
  /** A volume populator fills the volume. */
  | { kind: 'foreign'; name: string }
  | { kind: 'copy'; from: NonNullable<CreateVolume['source']> };

interface Context {
  client: KubeClient;
  driverName: string;
  claim: PersistentVolumeClaim;
  requestedBytes: number;
  signal: AbortSignal;
}

/** Resolves `dataSourceRef` or `dataSource`. Throws {@link ProvisioningError} while the source cannot be used. */
export async function resolveSource(context: Context): Promise<ClaimSource> {
  const { spec } = context.claim;
  const source = spec.dataSourceRef ?? spec.dataSource;
  if (source === undefined) return { kind: 'empty' };
  if (source.kind === 'VolumeSnapshot' && source.apiGroup === volumeSnapshots.group) {
    return { kind: 'copy', from: { snapshotId: await snapshotHandle(context, source.name) } };
  }
  if (source.kind === 'PersistentVolumeClaim' && (source.apiGroup ?? '') === '') {
    return { kind: 'copy', from: { volumeId: await volumeHandle(context, source.name) } };
  }
  return { kind: 'foreign', name: `${source.kind} ${source.name}` };
}

async function snapshotHandle(context: Context, name: string): Promise<string> {
  const snapshot = await readySnapshot(context, name);
  const content = await boundContent(context, snapshot);
  if (content.spec.driver !== context.driverName) {
    throw new ProvisioningError(
      `snapshot ${name} belongs to driver ${content.spec.driver}, not ${context.driverName}`,
    );
  }
  const handle = content.status?.snapshotHandle;
  if (handle === undefined) {
    throw new ProvisioningError(`content ${content.metadata.name} has no snapshotHandle`);
  }
  checkSize(context, snapshot.status?.restoreSize, `snapshot ${name}`);
  return handle;
}

async function readySnapshot({ client, claim, signal }: Context, name: string): Promise<VolumeSnapshot> {
  const namespace = claim.metadata.namespace ?? 'default';
  const snapshot = await client.get(volumeSnapshots, { namespace, name }, { signal });
  if (snapshot === undefined) {
    throw new ProvisioningError(`error getting snapshot ${name} from api server: not found`);
  }
  if (snapshot.metadata.deletionTimestamp !== undefined) {
    throw new ProvisioningError(`snapshot ${name} is currently being deleted`);
  }
  if (snapshot.status?.readyToUse !== true) throw new ProvisioningError(`snapshot ${name} is not Ready`);
  return snapshot;
}

async function boundContent(
  { client, signal }: Context,
  snapshot: VolumeSnapshot,
): Promise<VolumeSnapshotContent> {
  const name = snapshot.status?.boundVolumeSnapshotContentName ?? '';
  const content = name === '' ? undefined : await client.get(volumeSnapshotContents, { name }, { signal });
  if (content === undefined || content.spec.volumeSnapshotRef.uid !== snapshot.metadata.uid) {
    throw new ProvisioningError(`snapshot ${snapshot.metadata.name} is not bound to content ${name}`);
  }
  return content;
}

async function volumeHandle(context: Context, name: string): Promise<string> {
  const { client, driverName, signal } = context;
  const { spec, status } = await boundClaim(context, name);
  const volume = await client.get(persistentVolumes, { name: spec.volumeName ?? '' }, { signal });
  const csi = volume?.spec.csi;
  if (csi?.driver !== driverName) {
    throw new ProvisioningError(`the PVC DataSource ${name} is no volume of driver ${driverName}`);
  }
  checkSize(context, status?.capacity?.['storage'], `PVC DataSource ${name}`);
  return csi.volumeHandle;
}

async function boundClaim({ client, claim, signal }: Context, name: string): Promise<PersistentVolumeClaim> {
  const namespace = claim.metadata.namespace ?? 'default';
  const source = await client.get(persistentVolumeClaims, { namespace, name }, { signal });
  if (source === undefined) {
    throw new ProvisioningError(`error getting PVC ${name} from api server: not found`);
  }
  if (source.status?.phase !== 'Bound')
    throw new ProvisioningError(`the PVC DataSource ${name} must be bound`);
  if (source.metadata.deletionTimestamp !== undefined) {
    throw new ProvisioningError(`the PVC DataSource ${name} is currently being deleted`);
  }
  return source;
}

function checkSize({ requestedBytes }: Context, size: string | undefined, source: string): void {
  if (size === undefined) return;
  const needed = parseQuantity(size);
  if (requestedBytes >= needed) return;
  throw new ProvisioningError(
    `requested volume size ${String(requestedBytes)} is less than the size ${String(needed)} of the ${source}`,
  );
}

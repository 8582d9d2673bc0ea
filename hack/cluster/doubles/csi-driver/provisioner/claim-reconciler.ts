import {
  persistentVolumeClaims,
  persistentVolumes,
  storageClasses,
} from '../../../../../api/kubernetes/core.ts';
import type { PersistentVolumeClaim } from '../../../../../api/kubernetes/core.ts';
import type { Key } from '../../../../../api/kubernetes/meta.ts';
import type { KubeClient } from '../../../../../kube/client/kube-client.ts';
import { isAlreadyExists } from '../../../../../kube/client/kube-error.ts';
import type { ReconcileContext, Reconciler } from '../../../../../kube/runtime/controller.ts';
import { parseQuantity } from '../../../../../api/kubernetes/quantity.ts';
import { readFaults, applyFaults } from '../volumes/faults.ts';
import type { FolderStore } from '../volumes/folder-store.ts';
import { desiredVolume, volumeNameOf } from './desired-volume.ts';
import type { ProvisioningClass } from './desired-volume.ts';
import { decideClaim } from './decide-claim.ts';
import { ProvisioningError } from './provisioning-error.ts';
import { resolveSource } from './resolve-source.ts';

/** Writes Events about the provisioning of claims. */
export interface ClaimEvents {
  normal(claim: PersistentVolumeClaim, reason: string, message: string): void;
  warning(claim: PersistentVolumeClaim, reason: string, message: string): void;
}

export interface ClaimReconcilerOptions {
  client: KubeClient;
  store: FolderStore;
  driverName: string;
  events: ClaimEvents;
  topology?: { key: string; node: string };
}

/** Creates a folder and a PersistentVolume for every claim of our classes, as external-provisioner does. */
export class ClaimReconciler implements Reconciler {
  readonly #options: ClaimReconcilerOptions;

  constructor(options: ClaimReconcilerOptions) {
    this.#options = options;
  }

  async reconcile(key: Key, { signal, log }: ReconcileContext): Promise<void> {
    const { client, driverName, events } = this.#options;
    const claim = await client.get(persistentVolumeClaims, key, { signal });
    if (claim === undefined) return;
    const storageClass = await this.#classOf(claim, signal);
    const decision = decideClaim(claim, storageClass, driverName);
    if (decision.act === 'ignore' || storageClass === undefined) {
      log.debug({ why: decision.act === 'ignore' ? decision.why : '' }, 'claim ignored');
      return;
    }
    try {
      if (decision.act === 'refuse') throw new ProvisioningError(decision.message);
      await this.#provision(claim, storageClass, signal);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      events.warning(
        claim,
        'ProvisioningFailed',
        `failed to provision volume with StorageClass "${storageClass.metadata.name}": ${reason}`,
      );
      throw error;
    }
  }

  async #classOf(claim: PersistentVolumeClaim, signal: AbortSignal): Promise<ProvisioningClass | undefined> {
    const name = claim.spec.storageClassName ?? '';
    return name === '' ? undefined : this.#options.client.get(storageClasses, { name }, { signal });
  }

  async #provision(
    claim: PersistentVolumeClaim,
    storageClass: ProvisioningClass,
    signal: AbortSignal,
  ): Promise<void> {
    const { client, store, driverName, events, topology } = this.#options;
    const name = volumeNameOf(claim);
    if ((await client.get(persistentVolumes, { name }, { signal })) !== undefined) return;
    const requestedBytes = parseQuantity(claim.spec.resources?.requests?.['storage'] ?? '0');
    const source = await resolveSource({ client, driverName, claim, requestedBytes, signal });
    if (source.kind === 'foreign') {
      events.normal(claim, 'Provisioning', 'Assuming an external populator will provision the volume');
      return;
    }
    const faults = readFaults(storageClass.parameters ?? {});
    await applyFaults(faults, signal);
    const { id: volumeHandle } = await store.createVolume({
      name,
      capacityBytes: requestedBytes,
      holdsMiB: faults.holdsMiB,
      ...(source.kind === 'copy' ? { source: source.from } : {}),
    });
    const volume = desiredVolume({
      claim,
      storageClass,
      driverName,
      volumeHandle,
      ...(topology === undefined ? {} : { topology }),
    });
    await client.create(persistentVolumes, volume, { signal }).catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error;
    });
    events.normal(claim, 'ProvisioningSucceeded', `Successfully provisioned volume ${name}`);
  }
}

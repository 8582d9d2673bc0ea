import { persistentVolumes } from '../../../../../api/kubernetes/core.ts';
import type { PersistentVolume } from '../../../../../api/kubernetes/core.ts';
import type { Key } from '../../../../../api/kubernetes/meta.ts';
import type { KubeClient } from '../../../../../kube/client/kube-client.ts';
import { isNotFound } from '../../../../../kube/client/kube-error.ts';
import type { ReconcileContext, Reconciler } from '../../../../../kube/runtime/controller.ts';
import type { FolderStore } from '../volumes/folder-store.ts';
import { PROVISIONER_FINALIZER } from './annotations.ts';
import { decideVolume } from './decide-volume.ts';

export interface VolumeReconcilerOptions {
  client: KubeClient;
  store: FolderStore;
  driverName: string;
}

/** Deletes the folders of released volumes and sets the provisioner's finalizer according to the reclaim policy. */
export class VolumeReconciler implements Reconciler {
  readonly #options: VolumeReconcilerOptions;

  constructor(options: VolumeReconcilerOptions) {
    this.#options = options;
  }

  async reconcile(key: Key, { signal, log }: ReconcileContext): Promise<void> {
    const { client, store, driverName } = this.#options;
    const volume = await client.get(persistentVolumes, key, { signal });
    if (volume === undefined) return;
    const decision = decideVolume(volume, driverName);
    if (decision === 'nothing') return;
    if (decision === 'delete') {
      await store.deleteVolume(volume.spec.csi?.volumeHandle ?? '');
      await client.delete(persistentVolumes, key, { signal });
      log.info({ volume: key.name }, 'volume deleted');
    }
    await this.#setFinalizer(volume, decision === 'add-finalizer', signal);
  }

  async #setFinalizer(volume: PersistentVolume, wanted: boolean, signal: AbortSignal): Promise<void> {
    const { name } = volume.metadata;
    // Read again, because the deletion has just changed the object, and kube-controller-manager has its own finalizer on it.
    const current = await this.#options.client.get(persistentVolumes, { name }, { signal });
    if (current === undefined) return;
    const others = (current.metadata.finalizers ?? []).filter((entry) => entry !== PROVISIONER_FINALIZER);
    const finalizers = wanted ? [...others, PROVISIONER_FINALIZER] : others;
    const { resourceVersion } = current.metadata;
    const patch = { metadata: { resourceVersion, finalizers } };
    await this.#options.client
      .mergePatch(persistentVolumes, { name }, patch, { signal })
      .catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
  }
}

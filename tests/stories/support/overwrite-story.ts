import { expect } from '@jest/globals';
import {
  configMaps,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
} from '../../../api/kubernetes/core.ts';
import type { OwnerReference } from '../../../api/kubernetes/meta.ts';
import type { DataMoverRestore } from '../../../api/datamover/v1alpha1/data-mover-restore.ts';
import { annotations } from '../../../api/datamover/v1alpha1/keys.ts';
import { APP } from '../../fakes/cluster/controller-harness.ts';
import { DESTINATION, RestoreStory } from './restore-story.ts';

/** A restore into the claim `restored`, which holds data already. */
export class OverwriteStory extends RestoreStory {
  /** The claim and its volume before the restore. */
  former!: { claim: PersistentVolumeClaim; volume: string };
  owner!: OwnerReference;

  constructor() {
    super('restored data');
  }

  /** Adds the claim with its data. */
  async setUp(): Promise<void> {
    this.addClass((object) =>
      Object.assign(object.spec, { deadlines: { destinationSeconds: 60, handOverSeconds: 60 } }),
    );
    const { uid = '' } = this.kube.seed(configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: APP, name: 'owner' },
    }).metadata;
    this.owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid };
    await this.addSource('restored', 'former data', ({ metadata, spec }) => {
      metadata.labels = { app: 'shop' };
      metadata.annotations = { note: 'mine', 'volume.kubernetes.io/selected-node': 'node-1' };
      metadata.ownerReferences = [{ ...this.owner, blockOwnerDeletion: true }];
      spec.resources = { requests: { storage: '2Gi' } };
    });
    const claim = this.claim()!;
    this.former = { claim, volume: claim.spec.volumeName! };
  }

  /** Starts the controller and a restore that may overwrite, without waiting. */
  override async begin(change: (restore: DataMoverRestore) => void = () => undefined): Promise<void> {
    await super.begin((restore) => {
      restore.spec.existingClaimPolicy = 'Overwrite';
      change(restore);
    });
  }

  claim(): PersistentVolumeClaim | undefined {
    return this.kube.peek(persistentVolumeClaims, DESTINATION);
  }

  volumeNamed(name = ''): PersistentVolume | undefined {
    return this.kube.peek(persistentVolumes, { name });
  }

  status(): NonNullable<DataMoverRestore['status']> {
    return this.restore()!.status!;
  }

  /** Adds a pod that uses the claim. */
  addPod(name: string, change: (pod: Pod) => void = () => undefined): void {
    const pod: Pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace: APP, name },
      spec: {
        nodeName: 'node-1',
        containers: [{ name: 'app' }],
        volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'restored' } }],
      },
      status: { phase: 'Running' },
    };
    change(pod);
    this.kube.seed(pods, pod);
  }

  /** Expects that nothing has changed, including the claim. */
  expectUntouched(): void {
    expect(this.inventory()).toEqual(this.before);
    const metadata = this.claim()?.metadata;
    expect(metadata).toMatchObject({ uid: this.former.claim.metadata.uid, labels: { app: 'shop' } });
    expect(metadata?.annotations).toEqual(this.former.claim.metadata.annotations);
    this.expectFormerData();
  }

  expectFormerData(): void {
    const claim = this.claim();
    expect(claim).toMatchObject({ status: { phase: 'Bound' }, spec: { volumeName: this.former.volume } });
    expect(this.read(DESTINATION)).toBe('former data');
    const volume = this.volumeNamed(this.former.volume);
    expect(volume?.metadata.annotations).not.toHaveProperty([annotations.setAside]);
    expect(volume?.spec.persistentVolumeReclaimPolicy).toBe('Delete');
    expect(volume?.spec.claimRef?.uid).toBe(claim?.metadata.uid);
  }
}

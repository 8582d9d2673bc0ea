import { expect } from '@jest/globals';
import {
  persistentVolumeClaims,
  persistentVolumes,
  type PersistentVolume,
} from '../../../api/kubernetes/core.ts';
import type { DataMoverRestore } from '../../../api/datamover/v1alpha1/data-mover-restore.ts';
import { childName } from '../../../api/datamover/v1alpha1/names.ts';
import { APP, ControllerHarness } from '../../fakes/cluster/controller-harness.ts';

type Status = NonNullable<DataMoverRestore['status']>;
type Failure = NonNullable<Status['failure']>;

export const DESTINATION = { namespace: APP, name: 'restored' };

/** A restore into the claim `restored`, from its creation to its end. */
export class RestoreStory extends ControllerHarness {
  /** The objects before the restore. */
  before: string[] = [];
  /** The name of the request. */
  name = '';
  /** The name of the objects that the controller creates for the restore. */
  child = '';
  /** The data that the restore brings; it may be changed before {@link begin}. */
  source: NonNullable<DataMoverRestore['spec']['source']>;

  constructor(content = 'precious') {
    super();
    const [source] = this.addRepository(content);
    this.source = source!;
  }

  /** Starts the controller and the restore, without waiting. */
  async begin(change: (restore: DataMoverRestore) => void = () => undefined): Promise<void> {
    await this.quiesce();
    this.before = this.inventory();
    await this.start();
    const { metadata } = this.addRestore('r1', (restore) => {
      restore.spec.source = this.source;
      change(restore);
    });
    this.name = metadata.name;
    this.child = childName('restore', metadata.uid ?? '');
  }

  async reach(phase: string): Promise<void> {
    await this.until(() => this.restore()?.status?.phase === phase);
  }

  /** Waits until the restore is complete and its objects are deleted. */
  async end(limitMs?: number): Promise<Status> {
    await this.until(() => this.restore(this.name)?.status?.completionTimestamp !== undefined, limitMs);
    await this.advance(3_000);
    return this.restore(this.name)!.status!;
  }

  /** Expects that the restore fails and leaves nothing behind. */
  async fails(): Promise<Failure> {
    const { phase, failure } = await this.end();
    expect(phase).toBe('Failed');
    expect(this.inventory()).toEqual(this.before);
    return failure!;
  }

  /** Returns the volume of the destination. */
  volume(): PersistentVolume | undefined {
    const name = this.kube.peek(persistentVolumeClaims, DESTINATION)?.spec.volumeName;
    return name === undefined ? undefined : this.kube.peek(persistentVolumes, { name });
  }

  /** Expects the content in the destination, and nothing else that is new. */
  expectArrived(content: string): void {
    expect(this.kube.peek(persistentVolumeClaims, DESTINATION)?.status?.phase).toBe('Bound');
    expect(this.read(DESTINATION)).toBe(content);
    const volume = this.volume();
    expect(volume?.status?.phase).toBe('Bound');
    expect(volume?.metadata.annotations).not.toHaveProperty(['oadp.openshift.io/hand-over']);
    expect(volume?.metadata.labels).not.toHaveProperty(['oadp.openshift.io/request-uid']);
    const own = [`PersistentVolume ${volume?.metadata.name ?? ''}`, `storage ${this.handleOf(DESTINATION)}`];
    const destination = `PersistentVolumeClaim ${APP}/restored`;
    expect(this.inventory()).toEqual([...new Set([...this.before, destination, ...own])].sort());
  }

  /** Changes the staging volume, like a driver that provisions something other than the claim requires. */
  editStagingVolume(change: (volume: PersistentVolume) => void): void {
    const staging = this.kube.peek(persistentVolumeClaims, { namespace: 'velero', name: this.child });
    this.kube.edit(persistentVolumes, { name: staging?.spec.volumeName ?? '' }, change);
  }
}

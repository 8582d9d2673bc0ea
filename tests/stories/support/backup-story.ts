import type { Kind, Resource } from '../../../api/kubernetes/meta.ts';
import type { DataMoverBackup } from '../../../api/datamover/v1alpha1/data-mover-backup.ts';
import { childName } from '../../../api/datamover/v1alpha1/names.ts';
import { ControllerHarness } from '../../fakes/cluster/controller-harness.ts';

type Status = NonNullable<DataMoverBackup['status']>;

/** The backup `b1` of the claim `data`, from its creation to its end. */
export class BackupStory extends ControllerHarness {
  /** The objects before the backup; exactly these must exist after it, however it ends. */
  before: string[] = [];
  /** The name of the objects that the controller creates for the backup. */
  child = '';

  /** Starts the controller and the backup, without waiting. */
  async begin(change?: (backup: DataMoverBackup) => void): Promise<void> {
    this.before = this.inventory();
    await this.start();
    this.child = childName('backup', this.addBackup('b1', change).metadata.uid ?? '');
  }

  async reach(phase: string): Promise<void> {
    await this.until(() => this.backup()?.status?.phase === phase);
  }

  /** Waits until the backup is complete and its objects are deleted. */
  async end(limitMs?: number): Promise<Status> {
    await this.until(() => this.backup()?.status?.completionTimestamp !== undefined, limitMs);
    await this.advance(3_000);
    return this.backup()!.status!;
  }

  /** Returns the objects of a kind as they are created from now on. */
  created<T extends Resource>(kind: Kind<T>): T[] {
    const objects: T[] = [];
    this.kube.reactors.add((changed, old, object) => {
      if (changed === (kind as Kind<Resource>) && old === undefined) objects.push(object as T);
    });
    return objects;
  }
}

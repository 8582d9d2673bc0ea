import {
  persistentVolumeClaims,
  secrets,
  storageClasses,
  type PersistentVolumeClaim,
} from '../../../api/kubernetes/core.ts';
import { volumeSnapshotClasses } from '../../../api/kubernetes/snapshot.ts';
import { formatKey, type Key } from '../../../api/kubernetes/meta.ts';
import type { DataMoverBackup } from '../../../api/datamover/v1alpha1/data-mover-backup.ts';
import type { DataMoverClass } from '../../../api/datamover/v1alpha1/data-mover-class.ts';
import type { DataMoverRestore } from '../../../api/datamover/v1alpha1/data-mover-restore.ts';
import { labels } from '../../../api/datamover/v1alpha1/keys.ts';
import {
  dataMoverBackups,
  dataMoverClasses,
  dataMoverRestores,
} from '../../../api/datamover/v1alpha1/kinds.ts';
import { leases } from '../../../kube/runtime/lease.ts';
import { FakeCluster } from './fake-cluster.ts';

const SECRET_VALUES = {
  RESTIC_PASSWORD: 'p4ssw0rd',
  AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 's3cr3t',
};

/** The namespace of the application. */
export const APP = 'app';
export const BASE_URL = 's3:http://s3.example.com/bucket/restic';
export const CLUSTER_NAME = 'c1';

/** A {@link FakeCluster} with a class, a secret, a storage class and a snapshot class, and methods that add more objects. */
export class ClusterFixture {
  readonly cluster = new FakeCluster();

  constructor() {
    this.addClass();
    this.addSecret();
    this.addStorageClass('fast');
    this.addEngine();
    const { kube, state } = this.cluster;
    kube.seed(volumeSnapshotClasses, {
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshotClass',
      metadata: { name: 'snapshots' },
      driver: state.driver,
      deletionPolicy: 'Retain',
    });
  }

  get kube() {
    return this.cluster.kube;
  }

  addClass(change: (object: DataMoverClass) => void = () => undefined): DataMoverClass {
    const object = {
      apiVersion: 'oadp.openshift.io/v1alpha1',
      kind: 'DataMoverClass',
      metadata: { name: 'volsync', annotations: { 'oadp.openshift.io/default': 'true' } },
      spec: { mover: 'VolSync' },
    } as unknown as DataMoverClass;
    change(object);
    return this.kube.seed(dataMoverClasses, object);
  }

  /** Adds a lease of VolSync's manager that never expires, as if it were renewed. */
  addEngine(): void {
    this.kube.seed(leases, {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { namespace: 'volsync-system', name: 'b95b3104.backube' },
      spec: {
        holderIdentity: 'manager',
        leaseDurationSeconds: 137,
        renewTime: '2999-01-01T00:00:00.000000Z',
      },
    });
  }

  /** Sets the deadlines of the named steps in the class. */
  setDeadlines(deadlines: Partial<DataMoverClass['spec']['deadlines']>): void {
    this.addClass((object) => {
      Object.assign(object.spec, { deadlines });
    });
  }

  addSecret(values: Record<string, string> = {}): void {
    const all = { RESTIC_REPOSITORY: BASE_URL, ...SECRET_VALUES, ...values };
    const data = Object.entries(all).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
    this.kube.seed(secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace: this.cluster.namespace, name: 'restic-config' },
      data: Object.fromEntries(data) as Record<string, string>,
    });
  }

  addStorageClass(
    name: string,
    more: { reclaimPolicy?: string; volumeBindingMode?: 'Immediate' | 'WaitForFirstConsumer' } = {},
  ): void {
    const { driver } = this.cluster.state;
    this.kube.seed(storageClasses, {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name },
      provisioner: driver,
      reclaimPolicy: 'Delete',
      volumeBindingMode: 'Immediate',
      ...more,
    });
  }

  /** Adds a claim; the cluster provisions its volume. */
  addClaim(name: string, change: (claim: PersistentVolumeClaim) => void = () => undefined): void {
    const claim: PersistentVolumeClaim = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { namespace: APP, name },
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'fast',
        resources: { requests: { storage: '2Gi' } },
      },
    };
    change(claim);
    this.kube.seed(persistentVolumeClaims, claim);
  }

  write(key: Key, content: string): void {
    this.cluster.state.disks.set(this.handleOf(key), content);
  }

  /** Returns the content of the volume behind a claim; `undefined` if it has no volume. */
  read(key: Key): string | undefined {
    return this.cluster.state.disks.get(this.handleOf(key));
  }

  handleOf(key: Key): string {
    const claim = this.kube.peek(persistentVolumeClaims, key);
    return `disk-of-${claim?.spec.volumeName?.replace(/^pvc-/, '') ?? ''}`;
  }

  addBackup(name: string, change: (object: DataMoverBackup) => void = () => undefined): DataMoverBackup {
    const object: DataMoverBackup = {
      apiVersion: 'oadp.openshift.io/v1alpha1',
      kind: 'DataMoverBackup',
      metadata: { namespace: APP, name },
      spec: { dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'data' } },
    };
    change(object);
    return this.kube.seed(dataMoverBackups, object);
  }

  addRestore(name: string, change: (object: DataMoverRestore) => void = () => undefined): DataMoverRestore {
    const object: DataMoverRestore = {
      apiVersion: 'oadp.openshift.io/v1alpha1',
      kind: 'DataMoverRestore',
      metadata: { namespace: APP, name },
      spec: { destinationClaimRef: { name: 'restored' } },
    };
    change(object);
    return this.kube.seed(dataMoverRestores, object);
  }

  backup(name = 'b1'): DataMoverBackup | undefined {
    return this.kube.peek(dataMoverBackups, { namespace: APP, name });
  }

  restore(name = 'r1'): DataMoverRestore | undefined {
    return this.kube.peek(dataMoverRestores, { namespace: APP, name });
  }

  /** Adds the Lease of a controller of another installation. Returns the value of `status.servedBy` of its requests. */
  addForeignController(): string {
    const metadata = { namespace: 'elsewhere', name: 'datamover-controller' };
    const spec = { renewTime: '2026-01-01T00:00:00.000000Z' };
    this.kube.seed(leases, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec });
    return formatKey(metadata);
  }

  /** Adds a repository that an earlier backup has filled, and returns its records for a restore. */
  addRepository(...contents: string[]): NonNullable<DataMoverRestore['spec']['source']>[] {
    const start = Date.parse('2025-12-01T00:00:00Z');
    const snapshots = contents.map((content, index) => ({
      id: `abcdef0${String(index + 1)}`,
      at: start + index * 3_600_000,
      content,
    }));
    const path = `${CLUSTER_NAME}/${APP}/data`;
    this.cluster.state.repositories.set(`${BASE_URL}/${path}`, {
      password: SECRET_VALUES.RESTIC_PASSWORD,
      snapshots,
    });
    return snapshots.map(({ id, at, content }) => ({
      backupName: 'b1',
      backupNamespace: APP,
      dataMoverClass: 'volsync',
      result: {
        mover: 'VolSync',
        repository: path,
        snapshotID: id,
        snapshotTime: new Date(at + 1000).toISOString(),
        bytes: content.length,
      },
      volume: {
        pvcName: 'data',
        namespace: APP,
        storageClassName: 'fast',
        accessModes: ['ReadWriteOnce'],
        volumeMode: 'Filesystem',
        capacity: '2Gi',
        reclaimPolicy: 'Delete',
      },
    }));
  }

  /** Adds a claim that waits for a restore; its selector keeps the provisioner from serving it. */
  addDestination(name = 'restored', change: (claim: PersistentVolumeClaim) => void = () => undefined): void {
    this.addClaim(name, (claim) => {
      claim.spec.selector = { matchLabels: { [labels.restoredBy]: 'r1' } };
      change(claim);
    });
  }
}

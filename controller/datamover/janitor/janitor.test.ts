import type { Lister } from '../../../kube/cache/lister.ts';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { persistentVolumeClaims } from '../../../api/kubernetes/core.ts';
import { backups, restores } from '../../../api/velero/v1.ts';
import type { Resource } from '../../../api/kubernetes/meta.ts';
import type { DataMoverBackup } from '../../../api/datamover/v1alpha1/data-mover-backup.ts';
import type { DataMoverDelete } from '../../../api/datamover/v1alpha1/data-mover-delete.ts';
import { annotations, labels } from '../../../api/datamover/v1alpha1/keys.ts';
import {
  dataMoverBackups,
  dataMoverDeletes,
  dataMoverRestores,
} from '../../../api/datamover/v1alpha1/kinds.ts';
import { backupName } from '../../../api/datamover/v1alpha1/names.ts';
import { KubeError } from '../../../kube/client/kube-error.ts';
import { silentLogger } from '../../../telemetry/log.ts';
import { ControllerHarness, APP } from '../../../tests/fakes/cluster/controller-harness.ts';
import { REQUEST_KINDS } from '../kinds.ts';
import { createJanitor, type Janitor } from './janitor.ts';

const VELERO = 'velero';

let world: ControllerHarness;

beforeEach(async () => {
  world = new ControllerHarness();
  await world.addSource('data', 'precious');
  await world.start();
});

afterEach(() => world.stop());

/** Returns its uid. */
function addVeleroBackup(phase: string, name = 'daily'): string {
  const { metadata } = world.kube.seed(backups, {
    apiVersion: 'velero.io/v1',
    kind: 'Backup',
    metadata: { namespace: VELERO, name },
    spec: {},
    status: { phase },
  });
  return metadata.uid ?? '';
}

/** Creates a request as the plugin does in the backup `daily`; returns its name. */
function addRequest(backupUid: string): string {
  const claim = world.kube.peek(persistentVolumeClaims, { namespace: APP, name: 'data' });
  const name = backupName(backupUid, claim?.metadata.uid ?? '');
  world.addBackup(name, ({ metadata }) => {
    metadata.labels = { [labels.veleroBackupName]: 'daily', [labels.veleroBackupUid]: backupUid };
    metadata.annotations = { [annotations.veleroBackup]: 'daily' };
  });
  return name;
}

const request = (name: string): DataMoverBackup | undefined => world.backup(name);
const asked = (): DataMoverDelete[] => world.kube.peekAll(dataMoverDeletes);

async function completed(name: string): Promise<void> {
  await world.until(() => request(name)?.status?.phase === 'Completed');
}

function janitorThatSees(backup: DataMoverBackup): Janitor {
  const listing = <T extends Resource>(...items: T[]): Lister<T> => ({
    list: () => items,
    get: () => undefined,
    byIndex: () => [],
  });
  return createJanitor({
    client: world.kube.client(),
    kinds: REQUEST_KINDS,
    listers: {
      backups: listing(backup),
      restores: listing(),
      deletes: listing(),
      prunes: listing(),
      claims: listing(),
      volumes: listing(),
    },
    namespace: VELERO,
    clock: world.cluster.clock,
    log: silentLogger,
  });
}

/** Enough time for one round of the janitor. */
const ROUND_MS = 301_000;
const aRound = (): Promise<void> => world.advance(ROUND_MS, 10_000);

describe('a DataMoverBackup', () => {
  it('lives as long as its Velero backup', async () => {
    const name = addRequest(addVeleroBackup('Completed'));
    await completed(name);
    await aRound();
    expect(request(name)).toBeDefined();
    world.kube.remove(backups, { namespace: VELERO, name: 'daily' });
    await aRound();
    expect(request(name)).toBeUndefined();
  });

  it('leaves its data in the repository when its Velero backup is missing: it may come back', async () => {
    const name = addRequest(addVeleroBackup('Completed'));
    await completed(name);
    world.kube.remove(backups, { namespace: VELERO, name: 'daily' });
    await aRound();
    expect(asked()).toEqual([]);
  });

  it('leaves its data in the repository when its Velero backup is missing that was being deleted: that may have failed', async () => {
    const name = addRequest(addVeleroBackup('Completed'));
    await completed(name);
    setVeleroPhase('Deleting');
    await aRound();
    expect(request(name)).toBeDefined();
    world.kube.remove(backups, { namespace: VELERO, name: 'daily' });
    await aRound();
    expect(request(name)).toBeUndefined();
    expect(asked()).toEqual([]);
  });

  it('stays when its Velero backup came back under another uid', async () => {
    const name = addRequest(addVeleroBackup('Completed'));
    await completed(name);
    world.kube.remove(backups, { namespace: VELERO, name: 'daily' });
    addVeleroBackup('Failed');
    await aRound();
    expect(request(name)?.status).toMatchObject({ phase: 'Completed' });
    expect(request(name)?.status).not.toHaveProperty('veleroBackupFailed');
  });

  it.each<[string, () => void]>([
    ['failed', () => setVeleroPhase('Failed')],
    ['completed', () => setVeleroPhase('Completed')],
    ['failed in part', () => setVeleroPhase('PartiallyFailed')],
    ['is gone', () => world.kube.remove(backups, { namespace: VELERO, name: 'daily' })],
  ])('is canceled when its Velero backup %s before it has ended', async (_, happen) => {
    const before = world.inventory();
    const uid = addVeleroBackup('InProgress');
    world.cluster.hold('ready');
    const name = addRequest(uid);
    await world.until(() => request(name)?.status?.phase === 'Staging');
    happen();
    await world.until(() => request(name)?.spec.cancel === true, ROUND_MS);
    world.cluster.release('ready');
    await world.until(() => [undefined, 'Canceled'].includes(request(name)?.status?.phase));
    expect(world.inventory()).toEqual(before);
    expect(asked()).toEqual([]);
  });

  it.each(['WaitingForPluginOperations', 'WaitingForPluginOperationsPartiallyFailed', 'Finalizing'])(
    'is not canceled while its Velero backup is %s',
    async (phase) => {
      const uid = addVeleroBackup('InProgress');
      world.cluster.hold('ready');
      const name = addRequest(uid);
      await world.until(() => request(name)?.status?.phase === 'Staging');
      setVeleroPhase(phase);
      await aRound();
      expect(request(name)?.spec).not.toHaveProperty('cancel');
    },
  );

  it('is not canceled in the place of a former one of its name', async () => {
    world.cluster.hold('ready');
    const name = addRequest(addVeleroBackup('InProgress'));
    await world.until(() => request(name)?.status?.phase === 'Staging');
    const former = request(name)!;
    world.kube.edit(dataMoverBackups, { namespace: APP, name }, ({ metadata }) => {
      metadata.labels = {};
    });
    setVeleroPhase('Failed');
    await janitorThatSees(former).sweep(new AbortController().signal);
    expect(request(name)?.spec).not.toHaveProperty('cancel');
  });

  it('of a Velero backup that failed keeps its data until that is removed, and then takes it along', async () => {
    const name = addRequest(addVeleroBackup('InProgress'));
    await completed(name);
    setVeleroPhase('Failed');
    await aRound();
    expect(request(name)?.status).toMatchObject({ phase: 'Completed', veleroBackupFailed: true });
    expect(asked()).toEqual([]);
    world.kube.remove(backups, { namespace: VELERO, name: 'daily' });
    const { result } = request(name)!.status!;
    await aRound();
    expect(request(name)).toBeUndefined();
    expect(asked()).toMatchObject([
      { metadata: { namespace: VELERO }, spec: { backupName: name, backupNamespace: APP, result } },
    ]);
  });

  it('is not deleted by a new leader whose stale copy lacks the failure of its Velero backup', async () => {
    const name = addRequest(addVeleroBackup('InProgress'));
    await completed(name);
    const old = request(name)!;
    setVeleroPhase('Failed');
    await aRound();
    world.kube.remove(backups, { namespace: VELERO, name: 'daily' });
    await janitorThatSees(old).sweep(new AbortController().signal);
    expect(request(name)).toBeDefined();
    await aRound();
    expect(request(name)).toBeUndefined();
    expect(asked()).toHaveLength(1);
  });

  it("does not take data along on a tenant's word that its Velero backup failed", async () => {
    const name = addRequest(addVeleroBackup('Completed', 'weekly'));
    await completed(name);
    const failedUid = addVeleroBackup('Failed');
    world.kube.edit(dataMoverBackups, { namespace: APP, name }, ({ metadata }) => {
      metadata.labels = { ...metadata.labels, [labels.veleroBackupUid]: failedUid };
    });
    await aRound();
    expect(request(name)?.status).not.toHaveProperty('veleroBackupFailed');
  });

  it('is kept if a user created it, or if Velero is not installed', async () => {
    world.addBackup('by-hand');
    const name = addRequest('uid-of-no-backup');
    world.kube.before = ({ verb, kind }) => {
      if (verb === 'list' && kind.group === 'velero.io')
        throw new KubeError({ code: 404, reason: 'NotFound', message: 'no such kind' });
    };
    await completed('by-hand');
    await completed(name);
    await aRound();
    expect(request(name)).toBeDefined();
    world.kube.before = undefined;
    await aRound();
    expect(request(name)).toBeUndefined();
    expect(request('by-hand')).toBeDefined();
  });
});

describe('a DataMoverRestore', () => {
  const of = (name: string, owner: string | undefined): void => {
    world.addRestore(name, ({ metadata }) => {
      if (owner === undefined) return;
      metadata.labels = { [labels.veleroRestoreUid]: 'restore-uid' };
      metadata.annotations = { [annotations.veleroRestore]: owner };
    });
  };

  it('that has ended is deleted with its Velero restore', async () => {
    world.kube.seed(restores, {
      apiVersion: 'velero.io/v1',
      kind: 'Restore',
      metadata: { namespace: VELERO, name: 'there' },
      spec: {},
    });
    of('r1', 'there');
    of('r2', 'gone');
    of('r3', undefined);
    const names = (): string[] => world.kube.peekAll(dataMoverRestores).map(({ metadata }) => metadata.name);
    await world.until(() => !names().includes('r2'), 2_000_000);
    await aRound();
    expect(names()).toEqual(['r1', 'r3']);
  });
});

describe('a DataMoverDelete', () => {
  it('that is through can be looked up for a day', async () => {
    const result = { mover: 'VolSync', repository: 'c1/app/data', empty: true };
    world.kube.seed(dataMoverDeletes, {
      apiVersion: 'oadp.openshift.io/v1alpha1',
      kind: 'DataMoverDelete',
      metadata: { namespace: VELERO, name: 'one' },
      spec: { result },
    });
    await world.until(() => asked()[0]?.status?.phase === 'Completed');
    await world.advance(23 * 3_600_000, 600_000);
    expect(asked()).toHaveLength(1);
    await world.advance(2 * 3_600_000, 600_000);
    expect(asked()).toEqual([]);
  });
});

function setVeleroPhase(phase: string): void {
  world.kube.edit(backups, { namespace: VELERO, name: 'daily' }, (backup) => {
    backup.status = { phase };
  });
}

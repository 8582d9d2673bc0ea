import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { backups } from '../../api/velero/v1.ts';
import type { Resource } from '../../api/kubernetes/meta.ts';
import type { DataMoverClass } from '../../api/datamover/v1alpha1/data-mover-class.ts';
import { annotations, FINALIZER, GROUP, labels } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverClasses } from '../../api/datamover/v1alpha1/kinds.ts';
import { APP, ControllerHarness } from '../fakes/cluster/controller-harness.ts';
import { instantMover } from '../fakes/instant-mover.ts';
import { leases } from '../../kube/runtime/lease.ts';
import type { Mover } from '../../movers/mover.ts';

/** Two installations of Velero in one cluster, each with a controller that has the same movers. */

const A = { namespace: 'velero', controller: 'controller-a' };
const B = { namespace: 'velero-b', controller: 'controller-b' };

type Installation = typeof A;

let harness: ControllerHarness;

beforeEach(async () => {
  harness = new ControllerHarness();
  harness.janitorIntervalMs = 5_000;
  await harness.addSource('data', 'precious');
});

afterEach(() => harness.stop());

const start = ({ controller, namespace }: Installation): Promise<void> =>
  harness.startBeside(controller, [() => mover], namespace);

async function startBoth(): Promise<void> {
  await start(A);
  await start(B);
}

const mover: Mover = { ...instantMover, name: 'VolSync' };

/** Adds a Velero Backup of an installation, and the request that its plugin creates for it. */
function addVeleroBackup(
  { namespace }: Installation,
  name: string,
  change?: (object: Resource) => void,
): void {
  const { metadata } = harness.kube.seed(backups, {
    apiVersion: 'velero.io/v1',
    kind: 'Backup',
    metadata: { namespace, name },
    spec: {},
  });
  harness.addBackup(name, (request) => {
    request.metadata.labels = { [labels.veleroBackupUid]: metadata.uid ?? '' };
    request.metadata.annotations = { [annotations.veleroBackup]: name };
    request.spec.installation = namespace;
    change?.(request);
  });
}

/** Returns the field managers that wrote to objects of our kinds with a name. */
function writersOf(name: string): string[] {
  const writers = harness.kube.calls
    .filter(({ verb, kind, key }) => isWrite(verb) && kind.group === GROUP && key?.name === name)
    .map(({ fieldManager }) => fieldManager);
  return [...new Set(writers)];
}

const isWrite = (verb: string): boolean => !['get', 'list', 'watch', 'podLog'].includes(verb);

const ended = (name: string): Promise<void> =>
  harness.until(() => harness.backup(name)?.status?.completionTimestamp !== undefined);

const classNamed = (name: string): DataMoverClass | undefined =>
  harness.kube.peek(dataMoverClasses, { name });

describe('two installations in one cluster', () => {
  it('each serve the requests of their own Velero, and nothing of the other', async () => {
    await startBoth();
    addVeleroBackup(A, 'of-a');
    addVeleroBackup(B, 'of-b');
    await ended('of-a');
    await ended('of-b');
    expect(harness.backup('of-a')?.status).toMatchObject({
      phase: 'Completed',
      servedBy: 'velero/controller-a',
    });
    expect(harness.backup('of-b')?.status).toMatchObject({
      phase: 'Completed',
      servedBy: 'velero-b/controller-b',
    });
    expect(writersOf('of-a')).toEqual([A.controller]);
    expect(writersOf('of-b')).toEqual([B.controller]);
  });

  it('stage volumes in their own namespace', async () => {
    await startBoth();
    addVeleroBackup(B, 'of-b');
    await ended('of-b');
    const staged = harness.kube.calls.filter(
      ({ verb, kind, key }) =>
        verb === 'create' && kind.kind === 'PersistentVolumeClaim' && key?.namespace !== APP,
    );
    expect(staged.map(({ key, fieldManager }) => [key?.namespace, fieldManager])).toEqual([
      [B.namespace, B.controller],
    ]);
  });

  it('leave the requests of the other alone when its Velero backup is not in their namespace', async () => {
    addVeleroBackup(B, 'of-b');
    // The installation that owns the Backup starts later.
    await start(A);
    await harness.advance(30_000);
    expect(harness.backup('of-b')).toMatchObject({ spec: { installation: B.namespace } });
    expect(writersOf('of-b')).toEqual([]);
    await start(B);
    await ended('of-b');
    await harness.advance(30_000);
    expect(harness.backup('of-b')?.status?.phase).toBe('Completed');
    expect(writersOf('of-b')).toEqual([B.controller]);
  });

  it('each remove what the backups of their own Velero have left', async () => {
    await startBoth();
    addVeleroBackup(A, 'of-a');
    addVeleroBackup(B, 'of-b');
    await ended('of-a');
    await ended('of-b');
    harness.kube.remove(backups, { namespace: B.namespace, name: 'of-b' });
    await harness.until(() => harness.backup('of-b') === undefined);
    await harness.advance(30_000);
    expect(harness.backup('of-a')?.status?.phase).toBe('Completed');
    expect(writersOf('of-b')).toEqual([B.controller]);
  });
});

describe('a request that names no installation', () => {
  it('is served by exactly one, which its status names before any object is created', async () => {
    await startBoth();
    harness.addBackup('by-hand');
    await ended('by-hand');
    expect(harness.backup('by-hand')?.status).toMatchObject({ phase: 'Completed' });
    expect(writersOf('by-hand')).toHaveLength(1);
    const writes = harness.kube.calls.filter(({ verb, key }) => isWrite(verb) && key?.name !== 'volsync');
    expect(writes[0]).toMatchObject({ verb: 'applyStatus', key: { name: 'by-hand' } });
  });

  it('is served by one when the class is kept by none yet', async () => {
    harness.addBackup('by-hand');
    await Promise.all([start(A), start(B)]);
    await ended('by-hand');
    await harness.advance(30_000);
    const { servedBy = '' } = harness.backup('by-hand')?.status ?? {};
    const [winner] = writersOf('by-hand').filter((name) => servedBy.endsWith(name));
    expect(winner).toBeDefined();
    const made = harness.kube.calls.filter(({ verb, kind }) => verb === 'create' && kind.group !== GROUP);
    expect(new Set(made.map(({ fieldManager }) => fieldManager))).toEqual(new Set([winner]));
  });

  it('is served by the installation of its class', async () => {
    harness.addClass(({ spec }) => (spec.installation = B.namespace));
    await startBoth();
    harness.addBackup('by-hand');
    await ended('by-hand');
    expect(writersOf('by-hand')).toEqual([B.controller]);
    expect(harness.backup('by-hand')?.status?.servedBy).toBe('velero-b/controller-b');
  });

  it('continues if a previous version has started it', async () => {
    harness.addBackup('begun', ({ metadata, ...rest }) => {
      metadata.finalizers = [FINALIZER];
      Object.assign(rest, { status: { dataMoverClass: 'volsync', mover: 'VolSync' } });
    });
    await start(A);
    await ended('begun');
    expect(harness.backup('begun')?.status).toMatchObject({
      phase: 'Completed',
      servedBy: 'velero/controller-a',
    });
  });
});

describe('a repository that a request of the other installation uses', () => {
  const LEASE = { namespace: B.namespace, name: B.controller };
  const MINUTE = 60_000;

  beforeEach(async () => {
    await start(A);
    harness.kube.seed(leases, {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: LEASE,
      spec: { renewTime: '2026-01-01T00:00:00.000000Z' },
    });
    harness.addBackup('of-b', (request) => {
      request.spec.installation = B.namespace;
      request.status = {
        servedBy: 'velero-b/controller-b',
        mover: 'VolSync',
        dataMoverClass: 'volsync',
        phase: 'Moving',
        admittedAt: '2026-01-01T00:00:00Z',
        repositoryPath: 'c1/app/data',
      };
    });
    addVeleroBackup(A, 'of-a');
    await harness.until(() => harness.backup('of-a')?.status?.phase === 'Queued');
  });

  it('is waited for as long as the controller of the other one lives', async () => {
    expect(harness.backup('of-a')?.status?.queue?.reason).toContain('app/of-b is using the same repository');
    for (let renewals = 0; renewals < 6; renewals++) {
      await harness.advance(5 * MINUTE, MINUTE);
      harness.kube.edit(leases, LEASE, ({ spec }) =>
        Object.assign(spec ?? {}, { renewTime: String(renewals) }),
      );
    }
    expect(harness.backup('of-a')?.status?.phase).toBe('Queued');
  });

  it('is free when that controller has renewed its Lease no more for ten minutes', async () => {
    await harness.advance(9 * MINUTE, MINUTE);
    expect(harness.backup('of-a')?.status?.phase).toBe('Queued');
    await harness.advance(3 * MINUTE, MINUTE);
    await ended('of-a');
    expect(harness.backup('of-a')?.status?.phase).toBe('Completed');
    expect(harness.backup('of-b')?.status?.phase).toBe('Moving');
  });

  it('is free when that controller has no Lease any more', async () => {
    harness.kube.remove(leases, LEASE);
    await harness.advance(12 * MINUTE, MINUTE);
    await ended('of-a');
    expect(harness.backup('of-a')?.status?.phase).toBe('Completed');
  });
});

it('the limits of a class count the requests of one installation', async () => {
  harness.addClass(({ spec }) => Object.assign(spec, { limits: { backups: 1 } }));
  await start(A);
  harness.addBackup('of-b', (request) => {
    request.spec.installation = B.namespace;
    request.status = {
      servedBy: 'velero-b/controller-b',
      mover: 'VolSync',
      dataMoverClass: 'volsync',
      phase: 'Moving',
      admittedAt: '2026-01-01T00:00:00Z',
      repositoryPath: 'c1/app/another',
    };
  });
  addVeleroBackup(A, 'of-a');
  await ended('of-a');
  expect(harness.backup('of-a')?.status?.phase).toBe('Completed');
});

describe('a class', () => {
  it('is kept by one controller, also when both begin at the same time', async () => {
    await Promise.all([start(A), start(B)]);
    await harness.advance(60_000);
    const keeper = classNamed('volsync')?.metadata.annotations?.[annotations.keptBy];
    const statusBy = harness.kube.calls
      .filter(({ verb, key }) => verb === 'applyStatus' && key?.name === 'volsync')
      .map(({ fieldManager }) => fieldManager);
    expect([...new Set(statusBy)]).toEqual([keeper === A.namespace ? A.controller : B.controller]);
  });

  it('that names an installation is kept by that one, and refused to the requests of the other', async () => {
    harness.addClass(({ spec }) => (spec.installation = B.namespace));
    await startBoth();
    await harness.advance(60_000);
    expect(writersOf('volsync')).toEqual([B.controller]);
    addVeleroBackup(A, 'of-a', ({ spec }: Resource & { spec?: { dataMoverClass?: string } }) => {
      Object.assign(spec ?? {}, { dataMoverClass: 'volsync' });
    });
    await ended('of-a');
    expect(harness.backup('of-a')?.status?.failure).toMatchObject({
      reason: 'ClassNotFound',
      message: expect.stringContaining(
        'serves the installation in namespace velero-b only, and not the one in velero',
      ) as unknown,
    });
    expect(writersOf('of-a')).toEqual([A.controller]);
  });

  it('of each installation may be the default one', async () => {
    harness.addClass(({ spec }) => (spec.installation = A.namespace));
    harness.addClass((object) => {
      object.metadata.name = 'other';
      object.spec.installation = B.namespace;
    });
    await startBoth();
    addVeleroBackup(A, 'of-a');
    addVeleroBackup(B, 'of-b');
    await ended('of-a');
    await ended('of-b');
    expect(harness.backup('of-a')?.status?.dataMoverClass).toBe('volsync');
    expect(harness.backup('of-b')?.status?.dataMoverClass).toBe('other');
  });

  it('that is the default of one installation serves it before a newer default that both share', async () => {
    harness.addClass(({ spec }) => (spec.installation = A.namespace));
    harness.addClass(({ metadata }) => {
      metadata.name = 'shared';
      metadata.creationTimestamp = '2999-01-01T00:00:00Z';
    });
    await startBoth();
    addVeleroBackup(A, 'of-a');
    addVeleroBackup(B, 'of-b');
    await ended('of-a');
    await ended('of-b');
    expect(harness.backup('of-a')?.status?.dataMoverClass).toBe('volsync');
    expect(harness.backup('of-b')?.status?.dataMoverClass).toBe('shared');
  });
});

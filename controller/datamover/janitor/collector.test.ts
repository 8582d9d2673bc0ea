import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  jobs,
  persistentVolumeClaims,
  persistentVolumes,
  secrets,
  type PersistentVolume,
} from '../../../api/kubernetes/core.ts';
import { volumeSnapshotContents, volumeSnapshots } from '../../../api/kubernetes/snapshot.ts';
import { keyOf, type Kind, type Resource } from '../../../api/kubernetes/meta.ts';
import { annotations, labels } from '../../../api/datamover/v1alpha1/keys.ts';
import { dataMoverBackups, dataMoverDeletes } from '../../../api/datamover/v1alpha1/kinds.ts';
import { childName } from '../../../api/datamover/v1alpha1/names.ts';
import { APP, ControllerHarness } from '../../../tests/fakes/cluster/controller-harness.ts';

/** Objects that exist although their request has ended or was deleted. */

const VELERO = 'velero';

let world: ControllerHarness;
/** Objects that were created in the protected namespace or bound to it, as they were created. */
let made: { kind: Kind<Resource>; object: Resource }[];

beforeEach(async () => {
  world = new ControllerHarness();
  made = [];
  world.kube.reactors.add((kind, before, after) => {
    if (before === undefined && after !== undefined) made.push({ kind, object: structuredClone(after) });
  });
  world.addStorageClass('fast', { reclaimPolicy: 'Retain' });
  await world.addSource('data', 'precious');
});

afterEach(() => world.stop());

/** No cache lags that long. */
const SETTLED_MS = 600_000;
const ROUND_MS = 301_000;

const advance = (ms: number): Promise<void> => world.advance(ms, 10_000);
const collected = (): Promise<void> => advance(SETTLED_MS + 2 * ROUND_MS);

/** Creates an object like one that was created and deleted before. */
function seedAgain<T extends Resource>(
  kind: Kind<T>,
  choose: (object: T) => boolean,
  change: (object: T) => void = () => undefined,
): T {
  const found = made.find((one) => one.kind === (kind as Kind<Resource>) && choose(one.object as T));
  if (found === undefined) throw new Error(`no such ${kind.kind} was made`);
  const { uid: _, resourceVersion: __, creationTimestamp: ___, ...metadata } = found.object.metadata;
  const object = { ...structuredClone(found.object), metadata } as T;
  change(object);
  return world.kube.seed(kind, object);
}

const isStaged = ({ metadata }: Resource): boolean => metadata.namespace === VELERO;
const isStagingVolume = ({ spec }: PersistentVolume): boolean => spec.claimRef?.namespace === VELERO;
const stands = (kind: Kind<Resource>, object: Resource): boolean =>
  world.kube.peek(kind, keyOf(object))?.metadata.uid === object.metadata.uid;

async function backUp(name = 'b1'): Promise<string[]> {
  const before = world.inventory();
  world.addBackup(name);
  await world.until(() => world.backup(name)?.status?.completionTimestamp !== undefined);
  await world.quiesce();
  expect(world.inventory()).toEqual(before);
  return before;
}

/** A user removes the finalizer and deletes the request while no controller runs. */
async function loseRequest(): Promise<void> {
  await world.stop();
  world.kube.remove(dataMoverBackups, { namespace: APP, name: 'b1' });
  await world.quiesce();
  await world.start();
}

describe('of a backup that is over', () => {
  beforeEach(() => world.start());

  it('a volume provisioned after the cleanup is deleted even if its storage class retains volumes', async () => {
    const before = await backUp();
    const late = seedAgain(persistentVolumes, isStagingVolume);
    world.cluster.state.disks.set(late.spec.csi?.volumeHandle ?? '', 'late');
    await advance(SETTLED_MS - 60_000);
    expect(stands(persistentVolumes, late)).toBe(true);
    await collected();
    expect(world.inventory()).toEqual(before);
  });

  it.each(['handOver', 'setAside'] as const)('a volume with the mark %s stays', async (mark) => {
    await backUp();
    const kept = seedAgain(persistentVolumes, isStagingVolume, ({ metadata }) => {
      metadata.annotations = { ...metadata.annotations, [annotations[mark]]: '{}' };
    });
    await collected();
    expect(world.kube.peek(persistentVolumes, keyOf(kept))?.spec).toMatchObject({
      persistentVolumeReclaimPolicy: 'Retain',
    });
  });

  it('a late secret of the former leader is deleted at once, because its staging claim was deleted', async () => {
    const before = await backUp();
    seedAgain(secrets, isStaged);
    await world.quiesce();
    expect(world.inventory()).toEqual(before);
  });
});

describe('of a backup that was deleted', () => {
  it.each(['VolSync', 'Restic'])(
    'every object that mover %s and the controller created is deleted',
    async (mover) => {
      world.addClass((object) => Object.assign(object.spec, { mover }));
      const before = world.inventory();
      world.cluster.hold('volsync');
      world.cluster.state.script = () => ({ end: 'running', lines: [] });
      await world.start();
      world.addBackup('b1');
      await world.until(() => world.backup()?.status?.phase === 'Moving');
      await loseRequest();
      world.cluster.release('volsync');
      expect(world.inventory()).not.toEqual(before);
      await advance(SETTLED_MS - 60_000);
      expect(world.inventory()).not.toEqual(before);
      await collected();
      expect(world.inventory()).toEqual(before);
    },
  );

  const KINDS: readonly [string, Kind<Resource>, (object: Resource) => boolean][] = [
    ['staging claim', persistentVolumeClaims, isStaged],
    ['staging snapshot', volumeSnapshots, isStaged],
    [
      'content of the staging snapshot',
      volumeSnapshotContents,
      ({ metadata }) => metadata.name.startsWith('dmb-'),
    ],
  ];

  it.each(KINDS)('a late %s is deleted', async (_, kind, choose) => {
    await world.start();
    const before = await backUp();
    await loseRequest();
    seedAgain(kind, choose);
    await collected();
    expect(world.inventory()).toEqual(before);
  });

  it.each(KINDS)('a %s of another controller stays', async (_, kind, choose) => {
    await world.start();
    await backUp();
    await loseRequest();
    const late = seedAgain(kind, choose, ({ metadata }) => {
      metadata.annotations = { ...metadata.annotations, [annotations.servedBy]: 'velero/vendor' };
    });
    await collected();
    expect(stands(kind, late)).toBe(true);
  });

  it.each(KINDS)('a %s whose labels do not fit its name stays', async (_, kind, choose) => {
    await world.start();
    await backUp();
    await loseRequest();
    const other = seedAgain(kind, choose, ({ metadata }) => {
      metadata.labels = { ...metadata.labels, [labels.requestUid]: 'another' };
    });
    await collected();
    expect(stands(kind, other)).toBe(true);
  });

  it('what has our labels and names in a namespace of a tenant stays', async () => {
    await world.start();
    await backUp();
    await loseRequest();
    const inNamespace = ({ metadata }: Resource): void => {
      metadata.namespace = 'tenant';
      delete metadata.ownerReferences;
    };
    const claim = seedAgain(persistentVolumeClaims, isStaged, inNamespace);
    const snapshot = seedAgain(volumeSnapshots, isStaged, inNamespace);
    const content = seedAgain(
      volumeSnapshotContents,
      ({ metadata }) => metadata.name.startsWith('dmb-'),
      ({ spec }) => {
        spec.volumeSnapshotRef.namespace = 'tenant';
      },
    );
    await collected();
    expect(stands(persistentVolumeClaims, claim)).toBe(true);
    expect(stands(volumeSnapshots, snapshot)).toBe(true);
    expect(stands(volumeSnapshotContents, content)).toBe(true);
  });

  it('nothing is deleted while the API server still has the request', async () => {
    await world.start();
    await backUp();
    const request = world.backup()!;
    await loseRequest();
    const late = seedAgain(persistentVolumeClaims, isStaged);
    await advance(SETTLED_MS - 60_000);
    // Simulates a watch that has missed the creation of the request.
    world.kube.before = ({ verb, kind }) => {
      if (verb !== 'get' || kind !== dataMoverBackups || world.backup() !== undefined) return;
      world.kube.seed(dataMoverBackups, { ...request, status: { phase: 'Moving' } });
    };
    await collected();
    expect(stands(persistentVolumeClaims, late)).toBe(true);
  });
});

it('the staging volume of a backup that is under way stays', async () => {
  world.cluster.state.script = () => ({ end: 'running', lines: [] });
  await world.start();
  world.addBackup('b1');
  await world.until(() => world.backup()?.status?.phase === 'Moving');
  const standing = world.inventory();
  await collected();
  expect(world.inventory()).toEqual(standing);
});

it('a late Job of a DataMoverDelete that has ended is deleted with its secret', async () => {
  await world.start();
  const before = world.inventory();
  const { metadata } = world.kube.seed(dataMoverDeletes, {
    apiVersion: 'oadp.openshift.io/v1alpha1',
    kind: 'DataMoverDelete',
    metadata: { namespace: VELERO, name: 'one' },
    spec: { result: { mover: 'VolSync', repository: 'c1/app/data', snapshotID: 'abcdef01' } },
  });
  const key = { namespace: VELERO, name: childName('delete', metadata.uid ?? '') };
  await world.until(() => world.kube.peek(jobs, key) !== undefined);
  world.kube.edit(jobs, key, (job) => {
    job.status = { succeeded: 1 };
  });
  await world.until(() => world.kube.peek(dataMoverDeletes, metadata)?.status?.phase === 'Completed');
  await world.quiesce();
  expect(world.inventory()).toEqual(before);
  seedAgain(secrets, ({ metadata: { name } }) => name === key.name);
  seedAgain(jobs, ({ metadata: { name } }) => name === key.name);
  await collected();
  expect(world.inventory()).toEqual(before);
});

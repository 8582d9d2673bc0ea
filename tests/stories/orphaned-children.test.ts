import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { persistentVolumeClaims, secrets } from '../../api/kubernetes/core.ts';
import { volumeSnapshotContents, volumeSnapshots } from '../../api/kubernetes/snapshot.ts';
import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import { labels } from '../../api/datamover/v1alpha1/keys.ts';
import { World } from '../fakes/cluster/world.ts';

/** The last write of a former leader takes effect after its successor has ended the request, cleaned up and forgotten it. */

let world: World;
/** The objects that were created for requests, as they were sent. */
let made: { kind: Kind<Resource>; object: Resource }[];

beforeEach(() => {
  world = new World();
  made = [];
  world.kube.reactors.add((kind, before, after) => {
    if (before !== undefined || after?.metadata.labels?.[labels.requestUid] === undefined) return;
    const { apiVersion, metadata } = after;
    const { uid: _, resourceVersion: __, creationTimestamp: ___, ...sent } = metadata;
    const { spec, stringData } = after as Resource & { spec?: unknown; stringData?: unknown };
    const object = { apiVersion, kind: after.kind, metadata: sent, spec, stringData } as Resource;
    made.push({ kind, object: structuredClone(object) });
  });
});

afterEach(() => world.stop());

/** Longer than any cache can be stale. */
const SETTLED_MS = 600_000;

/** Waits until exactly the objects from before exist. */
async function untilSwept(before: readonly string[]): Promise<void> {
  await world.advance(SETTLED_MS - 60_000, 30_000);
  expect(world.inventory()).not.toEqual(before);
  await world.until(() => world.inventory().join() === before.join());
}

/** Returns the object of a kind that was created in a namespace. */
function lateComer<T extends Resource>(wanted: Kind<T>, namespace?: string): T {
  const found = made.find(
    ({ kind, object }) => kind === (wanted as Kind<Resource>) && object.metadata.namespace === namespace,
  );
  if (found === undefined) throw new Error(`no ${wanted.kind} was made in ${namespace ?? 'the cluster'}`);
  return found.object as T;
}

const KINDS: readonly [string, Kind<Resource>, string | undefined][] = [
  ['staging claim', persistentVolumeClaims, 'velero'],
  ['staging snapshot', volumeSnapshots, 'velero'],
  ['content of the staging snapshot', volumeSnapshotContents, undefined],
  ['captured snapshot', volumeSnapshots, 'app'],
];

describe('of a backup that is over', () => {
  beforeEach(async () => {
    await world.addSource('data', 'precious');
    await world.start();
  });

  async function backUp(): Promise<string[]> {
    const before = world.inventory();
    world.addBackup('b1');
    await world.until(() => world.backup()?.status?.completionTimestamp !== undefined);
    await world.quiesce();
    expect(world.inventory()).toEqual(before);
    return before;
  }

  it.each(KINDS)('a late %s goes', async (_, kind, namespace) => {
    const before = await backUp();
    const { status } = world.backup()!;
    world.kube.seed(kind, lateComer(kind, namespace));
    expect(world.inventory()).not.toEqual(before);
    await untilSwept(before);
    expect(world.backup()?.status).toEqual(status);
  });

  it('one that came while no controller ran goes as well, and the secret with it', async () => {
    const before = await backUp();
    await world.stop();
    world.kube.seed(persistentVolumeClaims, lateComer(persistentVolumeClaims, 'velero'));
    world.kube.seed(secrets, lateComer(secrets, 'velero'));
    await world.quiesce();
    await world.start();
    await untilSwept(before);
  });

  it('nothing is done for one that is only in an old view', async () => {
    await backUp();
    await world.stop();
    const content = lateComer(volumeSnapshotContents);
    world.kube.seed(volumeSnapshotContents, content);
    world.kube.before = ({ verb, kind }) => {
      // The last read finds that it was deleted.
      if (verb === 'get' && kind === volumeSnapshotContents) world.kube.remove(kind, content.metadata);
    };
    await world.start();
    const calls = world.kube.calls.length;
    await world.advance(SETTLED_MS, 30_000);
    expect(world.kube.calls.slice(calls).filter(({ verb }) => verb === 'delete')).toEqual([]);
  });

  it('something of that name that was not made for it stays', async () => {
    await backUp();
    const { metadata, ...rest } = lateComer(persistentVolumeClaims, 'velero');
    world.kube.seed(persistentVolumeClaims, { ...rest, metadata: { ...metadata, labels: {} } });
    await world.advance(2 * SETTLED_MS, 30_000);
    expect(world.kube.peek(persistentVolumeClaims, metadata)).toBeDefined();
  });
});

it('of a restore that is over a late staging claim goes, and the restored volume stays', async () => {
  const [source] = world.addRepository('precious');
  world.addDestination();
  await world.start();
  world.addRestore('r1', (restore) => Object.assign(restore.spec, { source }));
  await world.until(() => world.restore()?.status?.completionTimestamp !== undefined);
  await world.quiesce();
  const before = world.inventory();
  expect(before.join()).toMatch(/PersistentVolumeClaim app\//);
  world.kube.seed(persistentVolumeClaims, lateComer(persistentVolumeClaims, 'velero'));
  expect(world.inventory()).not.toEqual(before);
  await untilSwept(before);
});

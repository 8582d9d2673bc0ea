import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { persistentVolumeClaims, secrets } from '../../api/kubernetes/core.ts';
import { volumeSnapshotContents, volumeSnapshots } from '../../api/kubernetes/snapshot.ts';
import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import { labels } from '../../api/datamover/v1alpha1/keys.ts';
import { ControllerHarness } from '../fakes/cluster/controller-harness.ts';

/** The last write of a former leader takes effect after its successor has ended the request, cleaned up and forgotten it. */

let harness: ControllerHarness;
/** The objects that were created for requests, as they were sent. */
let made: { kind: Kind<Resource>; object: Resource }[];

beforeEach(() => {
  harness = new ControllerHarness();
  made = [];
  harness.kube.reactors.add((kind, before, after) => {
    if (before !== undefined || after?.metadata.labels?.[labels.requestUid] === undefined) return;
    const { apiVersion, metadata } = after;
    const { uid: _, resourceVersion: __, creationTimestamp: ___, ...sent } = metadata;
    const { spec, stringData } = after as Resource & { spec?: unknown; stringData?: unknown };
    const object = { apiVersion, kind: after.kind, metadata: sent, spec, stringData } as Resource;
    made.push({ kind, object: structuredClone(object) });
  });
});

afterEach(() => harness.stop());

/** Longer than any cache can be stale. */
const SETTLED_MS = 600_000;

/** Waits until exactly the objects from before exist. */
async function untilSwept(before: readonly string[]): Promise<void> {
  await harness.advance(SETTLED_MS - 60_000, 30_000);
  expect(harness.inventory()).not.toEqual(before);
  await harness.until(() => harness.inventory().join() === before.join());
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

describe('after the end of a backup,', () => {
  beforeEach(async () => {
    await harness.addSource('data', 'precious');
    await harness.start();
  });

  async function backUp(): Promise<string[]> {
    const before = harness.inventory();
    harness.addBackup('b1');
    await harness.until(() => harness.backup()?.status?.completionTimestamp !== undefined);
    await harness.quiesce();
    expect(harness.inventory()).toEqual(before);
    return before;
  }

  it.each(KINDS)('a late %s is deleted', async (_, kind, namespace) => {
    const before = await backUp();
    const { status } = harness.backup()!;
    harness.kube.seed(kind, lateComer(kind, namespace));
    expect(harness.inventory()).not.toEqual(before);
    await untilSwept(before);
    expect(harness.backup()?.status).toEqual(status);
  });

  it('a claim and a secret that were created while no controller ran are deleted', async () => {
    const before = await backUp();
    await harness.stop();
    harness.kube.seed(persistentVolumeClaims, lateComer(persistentVolumeClaims, 'velero'));
    harness.kube.seed(secrets, lateComer(secrets, 'velero'));
    await harness.quiesce();
    await harness.start();
    await untilSwept(before);
  });

  it('nothing is deleted for a child that exists only in a stale cache', async () => {
    await backUp();
    await harness.stop();
    const content = lateComer(volumeSnapshotContents);
    harness.kube.seed(volumeSnapshotContents, content);
    harness.kube.before = ({ verb, kind }) => {
      // The last read finds that it was deleted.
      if (verb === 'get' && kind === volumeSnapshotContents) harness.kube.remove(kind, content.metadata);
    };
    await harness.start();
    const calls = harness.kube.calls.length;
    await harness.advance(SETTLED_MS, 30_000);
    expect(harness.kube.calls.slice(calls).filter(({ verb }) => verb === 'delete')).toEqual([]);
  });

  it('an object with the name but without the labels of a child stays', async () => {
    await backUp();
    const { metadata, ...rest } = lateComer(persistentVolumeClaims, 'velero');
    harness.kube.seed(persistentVolumeClaims, { ...rest, metadata: { ...metadata, labels: {} } });
    await harness.advance(2 * SETTLED_MS, 30_000);
    expect(harness.kube.peek(persistentVolumeClaims, metadata)).toBeDefined();
  });
});

it('after the end of a restore, a late staging claim is deleted and the restored volume stays', async () => {
  const [source] = harness.addRepository('precious');
  harness.addDestination();
  await harness.start();
  harness.addRestore('r1', (restore) => Object.assign(restore.spec, { source }));
  await harness.until(() => harness.restore()?.status?.completionTimestamp !== undefined);
  await harness.quiesce();
  const before = harness.inventory();
  expect(before.join()).toMatch(/PersistentVolumeClaim app\//);
  harness.kube.seed(persistentVolumeClaims, lateComer(persistentVolumeClaims, 'velero'));
  expect(harness.inventory()).not.toEqual(before);
  await untilSwept(before);
});

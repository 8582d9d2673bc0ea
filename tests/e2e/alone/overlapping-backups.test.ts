import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { backups } from '../../../api/velero/v1.ts';
import type { Resource } from '../../../api/kubernetes/meta.ts';
import type { DataMoverBackup } from '../../../api/datamover/v1alpha1/data-mover-backup.ts';
import type { DataMoverRestore } from '../../../api/datamover/v1alpha1/data-mover-restore.ts';
import { childName, childNameIn } from '../../../api/datamover/v1alpha1/names.ts';
import { waitUntil } from '../../../hack/cluster/wait.ts';
import { allObjects, isOfDataMover, type ObjectsByPath } from '../support/all-objects.ts';
import { claim, pod, untilRunning, type Place } from '../support/app.ts';
import { leftoversOf } from '../support/leftovers.ts';
import { makeSlowClass, type SlowClass } from '../support/slow-class.ts';
import { askForClass, openStory, type Story } from '../support/story.ts';
import {
  backUp,
  movedBackups,
  movedRestores,
  restoreEnd,
  startBackup,
  startRestore,
  storedObjects,
  untilBackedUp,
} from '../support/velero.ts';
import { until } from '../support/wait.ts';

const BYTES = 4 * 2 ** 20;
/** Bytes per second: enough to start, and too few to finish. */
const SLOW = 100_000;
const SLOWER = 20_000;

const CLAIMS = ['volsync', 'restic'];
const UNDER_WAY = 2 * CLAIMS.length;

interface Requests {
  backups: DataMoverBackup[];
  restores: DataMoverRestore[];
}

/**
 * One of two applications is backed up and the other restored under another name, each with both movers, when a backup of all
 * namespaces starts, including Velero's own. Both may finish only after it has visited all objects. Its content is then restored
 * under other names.
 */
describe('a backup of all namespaces while data is moved', () => {
  let story: Story;
  const slow: SlowClass[] = [];
  let saved: Place;
  let other: Place;
  /** The place to which `other` is restored during the backup of all namespaces. */
  let returned: Place;
  let all: string;
  /** All objects of the cluster before and during the moves. */
  let before: ObjectsByPath;
  let meanwhile: ObjectsByPath;
  let visited: { phase: string | undefined; requests: Requests };
  let ended: Requests;
  let ofAll: DataMoverBackup[];
  let stored: ObjectsByPath;
  /** Checksums of the data, and what was read of it after the restores. */
  const sums = new Map<string, string>();
  const restored = new Map<string, string>();
  /** All objects of the namespaces into which the backup was restored. */
  let brought: Resource[];

  const requestsNow = async (): Promise<Requests> => ({
    backups: await movedBackups(story, story.unique('saved')),
    restores: await movedRestores(story, story.unique('returned')),
  });
  const phasesOf = (requests: Requests): (string | undefined)[] =>
    [...requests.backups, ...requests.restores].map(({ status }) => status?.phase);
  const limit = (bytesPerSecond: number): void => {
    for (const { proxy } of slow) proxy.limit(bytesPerSecond);
  };
  const sumOf = async (place: Place): Promise<string> => {
    await untilRunning(story, place);
    return (await story.exec(place, 'sha256sum /*/large')).toString();
  };

  async function makeApp(name: string): Promise<Place> {
    const place = { namespace: await story.makeNamespace(name), name: 'app' };
    const claims = CLAIMS.map((claimName, index) =>
      claim({ namespace: place.namespace, name: claimName }, { annotations: askForClass(slow[index]!.name) }),
    );
    const mounts = Object.fromEntries(CLAIMS.map((claimName) => [`/${claimName}`, claimName]));
    await story.apply(...claims, pod(place, story.cluster.images.busybox, { mounts }));
    await untilRunning(story, place);
    const files = CLAIMS.map((claimName) => `head -c ${String(BYTES)} /dev/urandom > /${claimName}/large`);
    await story.exec(place, files.join('\n'));
    sums.set(name, await sumOf(place));
    return place;
  }

  /** Waits until each request has a mover of its own that works. */
  async function untilMoving(): Promise<void> {
    const isMoving = async (): Promise<boolean> => {
      const phases = phasesOf(await requestsNow());
      return phases.length === UNDER_WAY && phases.every((phase) => phase === 'Moving');
    };
    await waitUntil('all requests to move data', isMoving, { timeoutMs: 120_000, intervalMs: 500 });
    const haveMovers = async (): Promise<boolean> => {
      const pods = await story.listAny('pods', story.namespace);
      // The survey of a volume runs before its mover.
      const movers = pods.filter(({ metadata }) => !metadata.name.includes('-survey-'));
      const names = new Set(movers.map(({ metadata }) => childNameIn(metadata.name)));
      const { backups, restores } = await requestsNow();
      return (
        backups.every(({ metadata }) => names.has(childName('backup', metadata.uid!))) &&
        restores.every(({ metadata }) => names.has(childName('restore', metadata.uid!)))
      );
    };
    await waitUntil('the pods of all movers', haveMovers, { timeoutMs: 60_000, intervalMs: 500 });
  }

  async function untilVisited(): Promise<string | undefined> {
    const key = { namespace: story.namespace, name: all };
    const { status } = await until(story.kube, backups, key, {
      to: 'to have visited everything',
      when: ({ status }) =>
        status?.phase !== undefined &&
        !['New', 'Queued', 'ReadyToStart', 'InProgress'].includes(status.phase),
    });
    return status?.phase;
  }

  /** Restores one namespace of a backup into another one. Returns the name that the restore and the namespace share. */
  async function restoreAs(
    title: string,
    { from, namespace, phase = 'Completed' }: { from: string; namespace: string; phase?: string },
    ...options: string[]
  ): Promise<string> {
    const name = story.unique(title);
    story.atEnd(() => story.kubectl(['delete', 'namespace', name, '--wait=false']));
    const where = ['--include-namespaces', namespace, '--namespace-mappings', `${namespace}:${name}`];
    await startRestore(story, name, from, ...where, ...options);
    expect([title, await restoreEnd(story, name)]).toEqual([title, phase]);
    return name;
  }

  beforeAll(async () => {
    story = await openStory('overlap');
    all = story.unique('all');
    slow.push(await makeSlowClass(story, Infinity, { mover: 'VolSync' }));
    slow.push(await makeSlowClass(story, Infinity, { mover: 'Restic' }));
    [saved, other] = await Promise.all([makeApp('saved'), makeApp('other')]);
    returned = { namespace: await story.makeNamespace('returned'), name: 'app' };
    await backUp(story, story.unique('other'), other.namespace);
    before = await allObjects(story);

    limit(SLOW);
    await startBackup(story, story.unique('saved'), [saved.namespace]);
    const mapping = `${other.namespace}:${returned.namespace}`;
    await startRestore(
      story,
      story.unique('returned'),
      story.unique('other'),
      '--namespace-mappings',
      mapping,
    );
    await untilMoving();
    limit(SLOWER);
    meanwhile = await allObjects(story);
    await startBackup(story, all, ['*']);
    visited = { phase: await untilVisited(), requests: await requestsNow() };

    limit(Infinity);
    await untilBackedUp(story, story.unique('saved'));
    expect(await restoreEnd(story, story.unique('returned'))).toBe('Completed');
    await untilBackedUp(story, all);
    ended = await requestsNow();
    ofAll = await movedBackups(story, all);
    stored = await storedObjects(story, all);
    restored.set('returned', await sumOf(returned));

    // Otherwise a second Velero would start from the objects of Velero's namespace.
    const withoutServers = ['--exclude-resources', 'pods,deployments.apps,replicasets.apps'];
    const [ofSaved, ofOther, ofVelero, ofReturned] = await Promise.all([
      restoreAs('saved-copy', { from: story.unique('saved'), namespace: saved.namespace }),
      restoreAs('other-copy', { from: all, namespace: other.namespace }),
      restoreAs('velero-copy', { from: all, namespace: story.namespace }, ...withoutServers),
      restoreAs('returned-copy', { from: all, namespace: returned.namespace, phase: 'PartiallyFailed' }),
    ]);
    restored.set('saved', await sumOf({ namespace: ofSaved, name: 'app' }));
    restored.set('other', await sumOf({ namespace: ofOther, name: 'app' }));
    const filled = [ofOther, ofVelero, ofReturned];
    brought = [...(await allObjects(story)).values()].filter(({ metadata }) =>
      filled.includes(metadata.namespace ?? ''),
    );
  });

  afterAll(() => story.end());

  /**
   * The objects that were created for the moves, without those of the tenant and the reports of Velero and Kubernetes about their
   * own work.
   */
  const madeForMoves = (): string[] =>
    [...meanwhile]
      .filter(([path]) => !before.has(path) && !before.has(path.replace(returned.namespace, other.namespace)))
      .filter(([, { apiVersion }]) => !apiVersion.startsWith('velero.io/'))
      .filter(([, object]) => object.kind !== 'Event' || isOfDataMover(object))
      .map(([path]) => path);

  it('visits everything while a backup and a restore of each mover are under way', () => {
    expect(visited.phase).toBe('WaitingForPluginOperations');
    expect(phasesOf(visited.requests)).toEqual(Array(UNDER_WAY).fill('Moving'));
    const resources = new Set(madeForMoves().map((path) => path.split('/')[0]));
    expect([...resources]).toEqual(
      expect.arrayContaining([
        'datamoverbackups.oadp.openshift.io',
        'datamoverrestores.oadp.openshift.io',
        'events.events.k8s.io',
        'jobs.batch',
        'persistentvolumeclaims',
        'persistentvolumes',
        'pods',
        'replicationdestinations.volsync.backube',
        'replicationsources.volsync.backube',
        'secrets',
        'volumesnapshotcontents.snapshot.storage.k8s.io',
        'volumesnapshots.snapshot.storage.k8s.io',
      ]),
    );
  });

  it('contains no object that was created for the moves', () => {
    expect(madeForMoves().filter((path) => stored.has(path))).toEqual([]);
  });

  it('contains nothing of the data mover except the records of its own data', () => {
    const records = ofAll.map(
      ({ metadata }) => `datamoverbackups.oadp.openshift.io/${metadata.namespace!}/${metadata.name}`,
    );
    const found = [...stored].filter(([, object]) => isOfDataMover(object)).map(([path]) => path);
    expect(found.sort()).toEqual(records.sort());
    expect(records).toHaveLength(2 * CLAIMS.length);
  });

  it('contains the pods and claims of tenants in all namespaces', () => {
    const places = [saved, other, returned].flatMap(({ namespace }) => [
      `pods/${namespace}/app`,
      ...CLAIMS.map((name) => `persistentvolumeclaims/${namespace}/${name}`),
    ]);
    expect(places.filter((path) => !stored.has(path))).toEqual([]);
  });

  it('does not keep them from ending well', () => {
    expect(phasesOf(ended)).toEqual(Array(UNDER_WAY).fill('Completed'));
    expect(restored.get('returned')).toBe(sums.get('other'));
    expect(restored.get('saved')).toBe(sums.get('saved'));
  });

  it('has saved the data itself too', () => {
    expect(restored.get('other')).toBe(sums.get('other'));
  });

  it('restores no claim that was waiting for its data during the backup', () => {
    const claims = brought.filter(({ kind }) => kind === 'PersistentVolumeClaim');
    const namespaces = claims.map(({ metadata }) => metadata.namespace);
    expect(namespaces).toEqual(CLAIMS.map(() => story.unique('other-copy')));
  });

  it('brings nothing of the data mover back when it is restored', () => {
    const kinds = brought.filter(isOfDataMover).map(({ kind }) => kind);
    expect(new Set(kinds)).toEqual(new Set(['DataMoverRestore', 'Event']));
    expect(brought.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['Pod', 'PersistentVolumeClaim', 'Secret', 'Role']),
    );
  });

  it('leaves nothing behind', async () => {
    expect(await leftoversOf(story, [...ended.backups, ...ended.restores, ...ofAll])).toEqual([]);
  });
});

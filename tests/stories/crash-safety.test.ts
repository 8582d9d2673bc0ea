import { afterEach, describe, expect, it } from '@jest/globals';
import {
  persistentVolumeClaims,
  persistentVolumes,
  type PersistentVolumeClaim,
} from '../../api/kubernetes/core.ts';
import { replicationDestinations, replicationSources } from '../../api/volsync/v1alpha1.ts';
import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import type { KubeClient, ListOptions, ListPage, WatchOptions } from '../../kube/client/kube-client.ts';
import { FINALIZER } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverBackups, dataMoverClasses, dataMoverRestores } from '../../api/datamover/v1alpha1/kinds.ts';
import { KubeError } from '../../kube/client/kube-error.ts';
import { CrashError } from '../fakes/fake-kube.ts';
import { APP, World } from '../fakes/cluster/world.ts';

/**
 * Every story runs once per write: the process dies or the API server fails right before and right after that write. In each case
 * the story must end the same way, with the work done once and nothing left over.
 */
interface Story {
  world: World;
  /** Wraps the controller's client. */
  wrap?(client: KubeClient): KubeClient;
  isOver(): boolean;
  /** What must hold at the end. */
  verify(): void;
}

const running: World[] = [];
afterEach(async () => {
  for (const world of running.splice(0)) await world.stop();
});

function newWorld(verify: 'None' | 'Data' = 'None'): World {
  const world = new World();
  running.push(world);
  // One slot only, so that a slot that is lost or given twice is detected.
  world.addClass((object) => Object.assign(object.spec, { verify, limits: { backups: 1, restores: 1 } }));
  return world;
}

async function backupStory(verify?: 'Data'): Promise<Story> {
  const world = newWorld(verify);
  await world.addSource('data', 'precious');
  const before = world.inventory();
  const sources = creationsOf(world, replicationSources);
  world.addBackup('b1');
  return {
    world,
    isOver: () => world.backup()?.status?.phase === 'Completed',
    verify() {
      expect(sources).toHaveLength(1);
      expect(world.cluster.state.started).toHaveLength(1);
      expect(world.inventory()).toEqual(before);
      expect(world.backup()?.metadata.finalizers).toEqual([]);
      const [repository] = world.cluster.state.repositories.values();
      expect(repository?.snapshots.map(({ content }) => content)).toEqual(['precious']);
      expect(world.backup()?.status?.result?.snapshotID).toBe(repository?.snapshots[0]?.id);
    },
  };
}

async function restoreStory(verify?: 'Data'): Promise<Story> {
  const world = newWorld(verify);
  const [source] = world.addRepository('precious');
  world.addDestination();
  await world.quiesce();
  const before = world.inventory();
  const destinations = creationsOf(world, replicationDestinations);
  const lonely = watchForLonelyVolumes(world, 'precious');
  world.addRestore('r1', (restore) => Object.assign(restore.spec, { source }));
  return {
    world,
    isOver: () => world.restore()?.status?.phase === 'Completed',
    verify() {
      expect(destinations).toHaveLength(1);
      expect(world.cluster.state.started).toHaveLength(1);
      expect(lonely).toEqual([]);
      expect(world.read({ namespace: APP, name: 'restored' })).toBe('precious');
      const handle = world.handleOf({ namespace: APP, name: 'restored' });
      const volume = world.kube
        .peekAll(persistentVolumes)
        .find(({ spec }) => spec.csi?.volumeHandle === handle);
      expect(volume?.spec.persistentVolumeReclaimPolicy).toBe('Delete');
      expect(volume?.metadata.annotations).not.toHaveProperty(['oadp.openshift.io/hand-over']);
      const own = [`PersistentVolume ${volume?.metadata.name ?? ''}`, `storage ${handle}`];
      expect(world.inventory()).toEqual([...before, ...own].sort());
      expect(world.restore()?.metadata.finalizers).toEqual([]);
    },
  };
}

/** Restores into a claim that holds data; the controller has deleted that claim and cannot create its replacement. */
async function undoneStory(): Promise<Story> {
  const world = newWorld();
  world.addClass((object) => Object.assign(object.spec, { deadlines: { stagingSeconds: 40 } }));
  const [source] = world.addRepository('precious');
  await world.addSource('restored', 'former data', ({ metadata }) => {
    metadata.labels = { app: 'shop' };
  });
  const before = world.inventory();
  const key = { namespace: APP, name: 'restored' };
  const { uid, volumeName = '' } = { ...claimAt(world, key).metadata, ...claimAt(world, key).spec };
  const lonely = watchForLonelyVolumes(world, 'former data');
  world.addRestore('r1', (restore) =>
    Object.assign(restore.spec, { source, existingClaimPolicy: 'Overwrite' }),
  );
  return {
    world,
    wrap: (client) => ({
      ...client,
      create: (kind, object, options) => {
        const { namespace } = object.metadata;
        const { spec } = object as Resource & { spec?: { volumeName?: string } };
        if (namespace === APP && spec?.volumeName !== undefined && spec.volumeName !== volumeName)
          return Promise.reject(new KubeError({ code: 403, reason: 'Forbidden', message: 'exceeded quota' }));
        return client.create(kind, object, options);
      },
    }),
    isOver: () => world.restore()?.status?.phase === 'Failed',
    verify() {
      expect(world.restore()?.status).toMatchObject({ replaces: { outcome: 'RolledBack' } });
      expect(world.inventory()).toEqual(before);
      const { metadata, spec, status } = claimAt(world, key);
      expect(metadata.uid).not.toBe(uid);
      expect({ labels: metadata.labels, volume: spec.volumeName, phase: status?.phase }).toEqual({
        labels: { app: 'shop' },
        volume: volumeName,
        phase: 'Bound',
      });
      expect(world.read(key)).toBe('former data');
      expect(lonely).toEqual([]);
    },
  };
}

function claimAt(world: World, key: { namespace: string; name: string }): PersistentVolumeClaim {
  const claim = world.kube.peek(persistentVolumeClaims, key);
  if (claim === undefined) throw new Error(`there is no claim ${key.name}`);
  return claim;
}

function creationsOf(world: World, kind: Kind<Resource>): string[] {
  const names: string[] = [];
  world.kube.reactors.add((changed, before, after) => {
    if (changed === kind && before === undefined) names.push(after?.metadata.name ?? '');
  });
  return names;
}

/** Records each moment at which the data could have been lost: a volume with policy Delete and without a claim. */
function watchForLonelyVolumes(world: World, content: string): string[] {
  const lonely: string[] = [];
  const filled = new Set<string>();
  const kinds: readonly Kind<Resource>[] = [persistentVolumes, persistentVolumeClaims];
  world.kube.reactors.add((kind, before, after) => {
    if (!kinds.includes(kind)) return;
    for (const { metadata, spec } of world.kube.peekAll(persistentVolumes)) {
      if (world.cluster.state.disks.get(spec.csi?.volumeHandle ?? '') !== content) continue;
      filled.add(metadata.name);
      const { namespace = '', name = '', uid } = spec.claimRef ?? {};
      const owner = world.kube.peek(persistentVolumeClaims, { namespace, name });
      const owned = owner !== undefined && owner.metadata.uid === uid;
      if (!owned && spec.persistentVolumeReclaimPolicy !== 'Retain')
        lonely.push(`${metadata.name} after a change of ${(after ?? before)?.metadata.name ?? ''}`);
    }
    if (after === undefined && filled.has(before?.metadata.name ?? ''))
      lonely.push(`${before?.metadata.name ?? ''} was deleted`);
  });
  return lonely;
}

const crash = (): never => {
  throw new CrashError('the process died');
};

const answer = (code: number, reason: string) => (): never => {
  throw new KubeError({ code, reason, message: `${String(code)} ${reason}, once` });
};

/** Deletes a class while a backup uses it. */
async function leavingClassStory(): Promise<Story> {
  const story = await backupStory();
  const { world } = story;
  world.kube.edit(dataMoverClasses, { name: 'volsync' }, ({ metadata }) => {
    metadata.finalizers = [FINALIZER];
  });
  world.kube.edit(dataMoverBackups, { namespace: APP, name: 'b1' }, (backup) => {
    backup.metadata.finalizers = [FINALIZER];
    backup.status = { dataMoverClass: 'volsync', mover: 'VolSync' };
  });
  await world.kube.client('admin').delete(dataMoverClasses, { name: 'volsync' });
  return {
    ...story,
    isOver: () => story.isOver() && world.kube.peek(dataMoverClasses, { name: 'volsync' }) === undefined,
  };
}

interface Trouble {
  name: string;
  fault: () => never;
  late: boolean;
  /** The process dies of it and a new one takes over. */
  lasting: boolean;
}

const troubles: readonly Trouble[] = [
  { name: 'the process dies right before it', fault: crash, late: false, lasting: true },
  { name: 'the process dies right after it', fault: crash, late: true, lasting: true },
  { name: 'it meets a conflict', fault: answer(409, 'Conflict'), late: false, lasting: false },
  { name: 'it fails', fault: answer(500, 'InternalError'), late: false, lasting: false },
  { name: 'its answer is lost', fault: answer(500, 'InternalError'), late: true, lasting: false },
];

/** Causes the fault at write number `count`, from 0. Returns false if the story has fewer writes. */
async function tell(begin: () => Promise<Story>, count: number, trouble: Trouble): Promise<boolean> {
  const story = await begin();
  const { world } = story;
  await world.start(story.wrap);
  const happened = world.faultAtWrite(count, trouble.fault, trouble);
  await world.until(() => story.isOver() || (trouble.lasting && happened()));
  if (trouble.lasting && happened()) {
    await world.stop();
    world.kube.restart();
    await world.quiesce();
    await world.start(story.wrap);
    await world.until(() => story.isOver());
  }
  // Pending events must arrive before the result is checked.
  await world.advance(5_000, 5_000);
  story.verify();
  await world.stop();
  return happened();
}

describe.each([
  ['a backup', () => backupStory()],
  ['a backup that is verified', () => backupStory('Data')],
  ['a restore', () => restoreStory()],
  ['a restore that is verified', () => restoreStory('Data')],
  ['a restore that is undone at the last moment', undoneStory],
  ['a backup whose class is being deleted', leavingClassStory],
])('%s', (_, begin) => {
  it.each(troubles.map((trouble) => [trouble.name, trouble] as const))(
    'ends well whichever write it is at which %s',
    async (_name, trouble) => {
      let count = 0;
      try {
        while (await tell(begin, count, trouble)) count++;
      } catch (error) {
        throw new Error(`write ${String(count + 1)}: ${error instanceof Error ? error.message : ''}`, {
          cause: error,
        });
      }
      expect(count).toBeGreaterThan(10);
    },
    30_000,
  );
});

/** Returns a client that serves stale requests until it is released. */
async function lagging(world: World, kind: Kind<Resource>) {
  const then = await world.cluster.client().listPage(kind);
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const wrap = (client: KubeClient): KubeClient => ({
    ...client,
    listPage: async <T extends Resource>(asked: Kind<T>, options?: ListOptions) =>
      (asked as Kind<Resource>) === kind ? (then as ListPage<T>) : client.listPage(asked, options),
    async *watch<T extends Resource>(asked: Kind<T>, options: WatchOptions) {
      if ((asked as Kind<Resource>) === kind) await released;
      yield* client.watch(asked, options);
    },
  });
  return { wrap, release };
}

describe('a new leader whose cache is behind', () => {
  it.each([
    ['a backup', () => backupStory(), dataMoverBackups, (world: World) => world.backup()],
    ['a restore', () => restoreStory(), dataMoverRestores, (world: World) => world.restore()],
  ])('does not do the work of %s again', async (_, begin, kind, get) => {
    const { world, isOver, verify } = await begin();
    world.cluster.hold('volsync');
    await world.start();
    await world.until(() => get(world)?.status?.phase === 'Moving');
    const { wrap, release } = await lagging(world, kind);
    world.cluster.release('volsync');
    // The data was moved and the transfer was deleted, but the staging claim still exists.
    const [transfer] = [replicationSources, replicationDestinations].flatMap((one: Kind<Resource>) =>
      world.kube.peekAll(one),
    );
    world.cluster.holdFor(transfer?.metadata.name ?? '', 'release claims');
    await world.until(() => world.kube.peekAll(replicationSources).length === 0);
    await world.until(() => world.kube.peekAll(replicationDestinations).length === 0);
    await world.stop();
    await world.start(wrap);
    await world.advance(10_000);
    release();
    world.cluster.release('release claims');
    await world.until(isOver);
    await world.advance(5_000);
    verify();
  });
});

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
import { APP, ControllerHarness } from '../fakes/cluster/controller-harness.ts';

/**
 * Every story runs once per write: the process dies or the API server fails right before and right after that write. In each case
 * the story must end the same way, with the work done once and nothing left over.
 */
interface Story {
  harness: ControllerHarness;
  /** Wraps the controller's client. */
  wrap?(client: KubeClient): KubeClient;
  isOver(): boolean;
  /** What must hold at the end. */
  verify(): void;
}

const running: ControllerHarness[] = [];
afterEach(async () => {
  for (const harness of running.splice(0)) await harness.stop();
});

function newWorld(verify: 'None' | 'Data' = 'None'): ControllerHarness {
  const harness = new ControllerHarness();
  running.push(harness);
  // One slot only, so that a slot that is lost or given twice is detected.
  harness.addClass((object) => Object.assign(object.spec, { verify, limits: { backups: 1, restores: 1 } }));
  return harness;
}

async function backupStory(verify?: 'Data'): Promise<Story> {
  const harness = newWorld(verify);
  await harness.addSource('data', 'precious');
  const before = harness.inventory();
  const sources = creationsOf(harness, replicationSources);
  harness.addBackup('b1');
  return {
    harness,
    isOver: () => harness.backup()?.status?.phase === 'Completed',
    verify() {
      expect(sources).toHaveLength(1);
      expect(harness.cluster.state.started).toHaveLength(1);
      expect(harness.inventory()).toEqual(before);
      expect(harness.backup()?.metadata.finalizers).toEqual([]);
      const [repository] = harness.cluster.state.repositories.values();
      expect(repository?.snapshots.map(({ content }) => content)).toEqual(['precious']);
      expect(harness.backup()?.status?.result?.snapshotID).toBe(repository?.snapshots[0]?.id);
    },
  };
}

async function restoreStory(verify?: 'Data'): Promise<Story> {
  const harness = newWorld(verify);
  const [source] = harness.addRepository('precious');
  harness.addDestination();
  await harness.quiesce();
  const before = harness.inventory();
  const destinations = creationsOf(harness, replicationDestinations);
  const lonely = watchForLonelyVolumes(harness, 'precious');
  harness.addRestore('r1', (restore) => Object.assign(restore.spec, { source }));
  return {
    harness,
    isOver: () => harness.restore()?.status?.phase === 'Completed',
    verify() {
      expect(destinations).toHaveLength(1);
      expect(harness.cluster.state.started).toHaveLength(1);
      expect(lonely).toEqual([]);
      expect(harness.read({ namespace: APP, name: 'restored' })).toBe('precious');
      const handle = harness.handleOf({ namespace: APP, name: 'restored' });
      const volume = harness.kube
        .peekAll(persistentVolumes)
        .find(({ spec }) => spec.csi?.volumeHandle === handle);
      expect(volume?.spec.persistentVolumeReclaimPolicy).toBe('Delete');
      expect(volume?.metadata.annotations).not.toHaveProperty(['oadp.openshift.io/hand-over']);
      const own = [`PersistentVolume ${volume?.metadata.name ?? ''}`, `storage ${handle}`];
      expect(harness.inventory()).toEqual([...before, ...own].sort());
      expect(harness.restore()?.metadata.finalizers).toEqual([]);
    },
  };
}

/** Restores into a claim that holds data; the controller has deleted that claim and cannot create its replacement. */
async function undoneStory(): Promise<Story> {
  const harness = newWorld();
  harness.addClass((object) => Object.assign(object.spec, { deadlines: { stagingSeconds: 40 } }));
  const [source] = harness.addRepository('precious');
  await harness.addSource('restored', 'former data', ({ metadata }) => {
    metadata.labels = { app: 'shop' };
  });
  const before = harness.inventory();
  const key = { namespace: APP, name: 'restored' };
  const { uid, volumeName = '' } = { ...claimAt(harness, key).metadata, ...claimAt(harness, key).spec };
  const lonely = watchForLonelyVolumes(harness, 'former data');
  harness.addRestore('r1', (restore) =>
    Object.assign(restore.spec, { source, existingClaimPolicy: 'Overwrite' }),
  );
  return {
    harness,
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
    isOver: () => harness.restore()?.status?.phase === 'Failed',
    verify() {
      expect(harness.restore()?.status).toMatchObject({ replaces: { outcome: 'RolledBack' } });
      expect(harness.inventory()).toEqual(before);
      const { metadata, spec, status } = claimAt(harness, key);
      expect(metadata.uid).not.toBe(uid);
      expect({ labels: metadata.labels, volume: spec.volumeName, phase: status?.phase }).toEqual({
        labels: { app: 'shop' },
        volume: volumeName,
        phase: 'Bound',
      });
      expect(harness.read(key)).toBe('former data');
      expect(lonely).toEqual([]);
    },
  };
}

function claimAt(
  harness: ControllerHarness,
  key: { namespace: string; name: string },
): PersistentVolumeClaim {
  const claim = harness.kube.peek(persistentVolumeClaims, key);
  if (claim === undefined) throw new Error(`there is no claim ${key.name}`);
  return claim;
}

function creationsOf(harness: ControllerHarness, kind: Kind<Resource>): string[] {
  const names: string[] = [];
  harness.kube.reactors.add((changed, before, after) => {
    if (changed === kind && before === undefined) names.push(after?.metadata.name ?? '');
  });
  return names;
}

/** Records each moment at which the data could have been lost: a volume with policy Delete and without a claim. */
function watchForLonelyVolumes(harness: ControllerHarness, content: string): string[] {
  const lonely: string[] = [];
  const filled = new Set<string>();
  const kinds: readonly Kind<Resource>[] = [persistentVolumes, persistentVolumeClaims];
  harness.kube.reactors.add((kind, before, after) => {
    if (!kinds.includes(kind)) return;
    for (const { metadata, spec } of harness.kube.peekAll(persistentVolumes)) {
      if (harness.cluster.state.disks.get(spec.csi?.volumeHandle ?? '') !== content) continue;
      filled.add(metadata.name);
      const { namespace = '', name = '', uid } = spec.claimRef ?? {};
      const owner = harness.kube.peek(persistentVolumeClaims, { namespace, name });
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
  const { harness } = story;
  harness.kube.edit(dataMoverClasses, { name: 'volsync' }, ({ metadata }) => {
    metadata.finalizers = [FINALIZER];
  });
  harness.kube.edit(dataMoverBackups, { namespace: APP, name: 'b1' }, (backup) => {
    backup.metadata.finalizers = [FINALIZER];
    backup.status = { dataMoverClass: 'volsync', mover: 'VolSync' };
  });
  await harness.kube.client('admin').delete(dataMoverClasses, { name: 'volsync' });
  return {
    ...story,
    isOver: () => story.isOver() && harness.kube.peek(dataMoverClasses, { name: 'volsync' }) === undefined,
  };
}

interface Fault {
  name: string;
  fault: () => never;
  late: boolean;
  /** The process dies of it and a new one takes over. */
  lasting: boolean;
}

const faults: readonly Fault[] = [
  { name: 'the process dies right before it', fault: crash, late: false, lasting: true },
  { name: 'the process dies right after it', fault: crash, late: true, lasting: true },
  { name: 'it meets a conflict', fault: answer(409, 'Conflict'), late: false, lasting: false },
  { name: 'it fails', fault: answer(500, 'InternalError'), late: false, lasting: false },
  { name: 'its answer is lost', fault: answer(500, 'InternalError'), late: true, lasting: false },
];

/** Causes the fault at write number `count`, from 0. Returns false if the story has fewer writes. */
async function tell(begin: () => Promise<Story>, count: number, fault: Fault): Promise<boolean> {
  const story = await begin();
  const { harness } = story;
  await harness.start(story.wrap);
  const happened = harness.faultAtWrite(count, fault.fault, fault);
  await harness.until(() => story.isOver() || (fault.lasting && happened()));
  if (fault.lasting && happened()) {
    await harness.stop();
    harness.kube.restart();
    await harness.quiesce();
    await harness.start(story.wrap);
    await harness.until(() => story.isOver());
  }
  // Pending events must arrive before the result is checked.
  await harness.advance(5_000, 5_000);
  story.verify();
  await harness.stop();
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
  it.each(faults.map((fault) => [fault.name, fault] as const))(
    'ends well whichever write it is at which %s',
    async (_name, fault) => {
      let count = 0;
      try {
        while (await tell(begin, count, fault)) count++;
      } catch (error) {
        throw new Error(`write ${String(count + 1)}: ${error instanceof Error ? error.message : ''}`, {
          cause: error,
        });
      }
      expect(count).toBeGreaterThan(10);
    },
  );
});

/** Returns a client that serves stale requests until it is released. */
async function lagging(harness: ControllerHarness, kind: Kind<Resource>) {
  const then = await harness.cluster.client().listPage(kind);
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
    ['a backup', () => backupStory(), dataMoverBackups, (harness: ControllerHarness) => harness.backup()],
    ['a restore', () => restoreStory(), dataMoverRestores, (harness: ControllerHarness) => harness.restore()],
  ])('does not do the work of %s again', async (_, begin, kind, get) => {
    const { harness, isOver, verify } = await begin();
    harness.cluster.hold('volsync');
    await harness.start();
    await harness.until(() => get(harness)?.status?.phase === 'Moving');
    const { wrap, release } = await lagging(harness, kind);
    harness.cluster.release('volsync');
    // The data was moved and the transfer was deleted, but the staging claim still exists.
    const [transfer] = [replicationSources, replicationDestinations].flatMap((one: Kind<Resource>) =>
      harness.kube.peekAll(one),
    );
    harness.cluster.holdFor(transfer?.metadata.name ?? '', 'release claims');
    await harness.until(() => harness.kube.peekAll(replicationSources).length === 0);
    await harness.until(() => harness.kube.peekAll(replicationDestinations).length === 0);
    await harness.stop();
    await harness.start(wrap);
    await harness.advance(10_000);
    release();
    harness.cluster.release('release claims');
    await harness.until(isOver);
    await harness.advance(5_000);
    verify();
  });
});

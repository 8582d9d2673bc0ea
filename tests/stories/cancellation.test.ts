import { afterEach, describe, expect, it } from '@jest/globals';
import { backups } from '../../api/velero/v1.ts';
import { keyOf, type Kind, type Resource } from '../../api/kubernetes/meta.ts';
import { annotations, labels } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverBackups, dataMoverRestores } from '../../api/datamover/v1alpha1/kinds.ts';
import { KubeError } from '../../kube/client/kube-error.ts';
import { CrashError } from '../fakes/fake-kube.ts';
import { APP, ControllerHarness } from '../fakes/cluster/controller-harness.ts';

/**
 * Requests that are deleted in the middle: by their owner at every write of the controller, and by the janitor, which is itself
 * interrupted at every write. No child may be left behind, and no object of the application may be deleted.
 */

const running: ControllerHarness[] = [];
afterEach(async () => {
  for (const harness of running.splice(0)) await harness.stop();
});

interface Begun {
  harness: ControllerHarness;
  kind: Kind<Resource>;
  request: Resource;
  /** What may exist at the end. */
  inventory(): string[];
}

async function backup(): Promise<Begun> {
  const harness = open();
  await harness.addSource('data', 'precious');
  const before = harness.inventory();
  const request = harness.addBackup('b1');
  return { harness, kind: dataMoverBackups, request, inventory: () => before };
}

async function restore(): Promise<Begun> {
  const harness = open();
  const [source] = harness.addRepository('precious');
  harness.addDestination();
  await harness.quiesce();
  const before = harness.inventory();
  const request = harness.addRestore('r1', ({ spec }) => Object.assign(spec, { source }));
  const restored = { namespace: APP, name: 'restored' };
  const arrived = (): string[] => {
    const handle = harness.handleOf(restored);
    const volume = `PersistentVolume ${handle.replace('disk-of-', 'pvc-')}`;
    return [...before, volume, `storage ${handle}`].sort();
  };
  const inventory = (): string[] => (harness.read(restored) === 'precious' ? arrived() : before);
  return { harness, kind: dataMoverRestores, request, inventory };
}

function open(): ControllerHarness {
  const harness = new ControllerHarness();
  running.push(harness);
  return harness;
}

/** Deletes the request right after write number `count`, from 0. Returns false if there are fewer writes. */
async function deleteAfter(begin: () => Promise<Begun>, count: number): Promise<boolean> {
  const { harness, kind, request, inventory } = await begin();
  let isDeleted = false;
  await harness.start();
  atWrite(harness, count, () => {
    isDeleted = true;
    void harness.kube.client('owner').delete(kind, keyOf(request));
  });
  const current = (): (Resource & { status?: { phase?: string } }) | undefined =>
    harness.kube.peek(kind, keyOf(request));
  await harness.until(
    () => current() === undefined || (!isDeleted && current()?.status?.phase === 'Completed'),
  );
  await harness.advance(5_000, 5_000);
  expect(harness.inventory()).toEqual(inventory());
  await harness.stop();
  return isDeleted;
}

function atWrite(harness: ControllerHarness, count: number, act: () => void): void {
  let writes = 0;
  harness.kube.after = ({ verb, fieldManager }) => {
    if (['get', 'list', 'watch', 'podLog'].includes(verb) || fieldManager === 'owner') return;
    if (writes++ === count) act();
  };
}

describe('a request that its owner deletes', () => {
  it.each([
    ['backup', backup],
    ['restore', restore],
  ])('during a %s leaves nothing behind, after any write of the controller', async (_, begin) => {
    let count = 0;
    while (await deleteAfter(begin, count)) count++;
    expect(count).toBeGreaterThan(10);
  });
});

/** Returns a running backup whose Velero backup was deleted. */
async function orphan(): Promise<Begun> {
  const begun = await backup();
  begun.harness.janitorIntervalMs = 5_000;
  begun.harness.kube.edit(dataMoverBackups, keyOf(begun.request), ({ metadata }) => {
    metadata.labels = { [labels.veleroBackupName]: 'daily', [labels.veleroBackupUid]: 'gone' };
    metadata.annotations = { [annotations.veleroBackup]: 'daily' };
  });
  // Another Velero backup exists, which proves that Velero is installed.
  begun.harness.kube.seed(backups, {
    apiVersion: 'velero.io/v1',
    kind: 'Backup',
    metadata: { namespace: 'velero', name: 'weekly' },
    spec: {},
  });
  return begun;
}

const crash = (): never => {
  throw new CrashError('the process died');
};
const fail = (): never => {
  throw new KubeError({ code: 500, reason: 'InternalError', message: '500, once' });
};

async function disturbJanitor(
  count: number,
  { fault, late }: { fault: () => never; late: boolean },
): Promise<boolean> {
  const { harness, request, inventory } = await orphan();
  const lasting = fault === crash;
  await harness.start();
  const happened = harness.faultAtWrite(count, fault, { late, lasting });
  const isGone = (): boolean => harness.kube.peek(dataMoverBackups, keyOf(request)) === undefined;
  await harness.until(() => isGone() || (lasting && happened()));
  if (lasting && happened()) {
    await harness.stop();
    harness.kube.restart();
    await harness.quiesce();
    await harness.start();
    await harness.until(isGone);
  }
  await harness.advance(5_000, 5_000);
  expect(harness.inventory()).toEqual(inventory());
  await harness.stop();
  return happened();
}

describe('a request that the janitor deletes because its Velero backup no longer exists', () => {
  it.each([
    ['the process dies right before it', { fault: crash, late: false }],
    ['the process dies right after it', { fault: crash, late: true }],
    ['it fails', { fault: fail, late: false }],
    ['its answer is lost', { fault: fail, late: true }],
  ])('leaves nothing behind with a fault at any write: %s', async (_, trouble) => {
    let count = 0;
    while (await disturbJanitor(count, trouble)) count++;
    expect(count).toBeGreaterThan(3);
  });
});

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { persistentVolumeClaims } from '../../api/kubernetes/core.ts';
import { annotations } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverClasses } from '../../api/datamover/v1alpha1/kinds.ts';
import { APP, BASE_URL, CLUSTER_NAME, World } from '../fakes/cluster/world.ts';

let world: World;

const admin = () => world.kube.client('admin');
const phase = (name = 'b1') => world.backup(name)?.status?.phase;
const classOf = (name: string) => world.backup(name)?.status?.dataMoverClass;
const matchedBy = (name: string) => world.kube.peek(dataMoverClasses, { name })?.status?.matchedClaims;

function setDefault(name: string, isDefault: boolean): Promise<unknown> {
  const value = isDefault ? 'true' : null;
  return admin().mergePatch(
    dataMoverClasses,
    { name },
    { metadata: { annotations: { [annotations.defaultClass]: value } } },
  );
}

function addClass(name: string, spec: Record<string, unknown> = {}): void {
  world.addClass((object) => {
    object.metadata = { name };
    Object.assign(object.spec, spec);
  });
}

beforeEach(async () => {
  world = new World();
  await world.addSource('data', 'precious');
});

afterEach(() => world.stop());

async function running(): Promise<void> {
  world.cluster.hold('volsync');
  await world.start();
  world.addBackup('b1');
  await world.until(() => phase() === 'Moving');
}

async function finish(): Promise<void> {
  world.cluster.release('volsync');
  await world.until(() => phase() === 'Completed' || phase() === 'Failed');
}

describe('a request that runs', () => {
  it('keeps its class when another one becomes the default, and those after it get the new one', async () => {
    addClass('other', { config: { repositoryPrefix: 'other' } });
    await running();
    await setDefault('volsync', false);
    await setDefault('other', true);
    world.addBackup('b2');
    await world.until(() => classOf('b2') !== undefined);
    // After a restart only the recorded status determines the class.
    await world.stop();
    await world.start();
    await finish();
    await world.until(() => phase('b2') === 'Completed');
    expect([classOf('b1'), world.backup()?.status?.result?.repository]).toEqual([
      'volsync',
      `${CLUSTER_NAME}/${APP}/data`,
    ]);
    expect([classOf('b2'), world.backup('b2')?.status?.result?.repository]).toEqual([
      'other',
      `other/${CLUSTER_NAME}/${APP}/data`,
    ]);
  });

  it('keeps its class when the claim asks for another one, or another one selects it', async () => {
    addClass('other', { selector: 'tier=gold' });
    await running();
    const change = { labels: { tier: 'gold' }, annotations: { [annotations.className]: 'other' } };
    await admin().mergePatch(persistentVolumeClaims, { namespace: APP, name: 'data' }, { metadata: change });
    await finish();
    expect([phase(), classOf('b1')]).toEqual(['Completed', 'volsync']);
  });

  it('keeps its class while there is no default at all', async () => {
    await running();
    await setDefault('volsync', false);
    await finish();
    expect([phase(), classOf('b1')]).toEqual(['Completed', 'volsync']);
  });

  it('goes on where it began when the class names another secret, and those after it go to the new place', async () => {
    await running();
    const config = { resticSecret: { name: 'moved' }, repositoryPrefix: 'moved' };
    world.addSecret();
    await admin().mergePatch(dataMoverClasses, { name: 'volsync' }, { spec: { config } });
    await finish();
    expect(phase()).toBe('Completed');
    expect([...world.cluster.state.repositories.keys()]).toEqual([`${BASE_URL}/${CLUSTER_NAME}/${APP}/data`]);
  });

  it('is bound by what the class says now about how long it may take', async () => {
    await running();
    await admin().mergePatch(
      dataMoverClasses,
      { name: 'volsync' },
      { spec: { deadlines: { totalSeconds: 30 } } },
    );
    await world.until(() => phase() === 'Failed');
    expect(world.backup()?.status?.failure?.reason).toBe('DeadlineExceeded');
  });

  it('fails clean when its class was taken away by force, whoever took its name meanwhile', async () => {
    const inventory = world.inventory();
    await running();
    const before = world.kube.peek(dataMoverClasses, { name: 'volsync' });
    await admin().delete(dataMoverClasses, { name: 'volsync' });
    await admin().mergePatch(dataMoverClasses, { name: 'volsync' }, { metadata: { finalizers: [] } });
    addClass('volsync', { mover: 'Vendor' });
    expect(world.kube.peek(dataMoverClasses, { name: 'volsync' })?.metadata.uid).not.toBe(
      before?.metadata.uid,
    );
    await finish();
    expect(world.backup()?.status?.failure?.message).toContain(
      'spec.mover of the DataMoverClass was changed from VolSync',
    );
    expect(world.inventory()).toEqual(inventory);
  });
});

describe('of two default classes', () => {
  it('the newer one serves, and one that is being deleted does not', async () => {
    addClass('newer');
    world.kube.edit(dataMoverClasses, { name: 'newer' }, ({ metadata }) => {
      metadata.annotations = { [annotations.defaultClass]: 'true' };
      metadata.creationTimestamp = '2999-01-01T00:00:00Z';
    });
    await world.start();
    world.addBackup('b1');
    await world.until(() => phase() === 'Completed');
    expect(classOf('b1')).toBe('newer');
    await admin().delete(dataMoverClasses, { name: 'newer' });
    world.addBackup('b2');
    await world.until(() => phase('b2') === 'Completed');
    expect(classOf('b2')).toBe('volsync');
  });
});

describe('a class counts the claims that get it', () => {
  it('by annotation, by selector and as the default, without those of movers', async () => {
    addClass('gold', { selector: 'tier=gold' });
    addClass('named');
    world.addClaim('a', ({ metadata }) => (metadata.labels = { tier: 'gold' }));
    world.addClaim('b', ({ metadata }) => {
      metadata.labels = { tier: 'gold' };
      metadata.annotations = { [annotations.className]: 'named' };
    });
    world.addClaim('c', ({ metadata }) => (metadata.annotations = { [annotations.className]: 'nobody' }));
    world.addClaim('staging', ({ metadata }) => (metadata.namespace = 'velero'));
    await world.start();
    await world.quiesce();
    // Includes the source that all stories here have.
    expect(['volsync', 'gold', 'named'].map(matchedBy)).toEqual([1, 1, 1]);
  });

  it('and follows when claims and classes change', async () => {
    addClass('gold', { selector: 'tier=gold' });
    await world.start();
    await world.quiesce();
    expect(['volsync', 'gold'].map(matchedBy)).toEqual([1, 0]);
    await admin().mergePatch(
      persistentVolumeClaims,
      { namespace: APP, name: 'data' },
      { metadata: { labels: { tier: 'gold' } } },
    );
    await world.until(() => matchedBy('gold') === 1, 15_000);
    expect(matchedBy('volsync')).toBe(0);
    await admin().mergePatch(dataMoverClasses, { name: 'gold' }, { spec: { selector: 'tier=silver' } });
    await world.until(() => matchedBy('volsync') === 1, 15_000);
    expect(matchedBy('gold')).toBe(0);
  });

  it('in a write per ten seconds, however much changes', async () => {
    await world.start();
    await world.quiesce();
    const writes = () =>
      world.kube.calls.filter(({ verb, kind }) => verb === 'applyStatus' && kind.kind === 'DataMoverClass')
        .length;
    const before = writes();
    for (let i = 0; i < 50; i++) {
      world.addClaim(`c${String(i)}`);
      await world.advance(100, 100);
    }
    await world.advance(20_000);
    expect(matchedBy('volsync')).toBe(51);
    expect(writes() - before).toBeLessThanOrEqual(2);
  });
});

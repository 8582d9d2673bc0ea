import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { persistentVolumeClaims } from '../../api/kubernetes/core.ts';
import { annotations } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverClasses } from '../../api/datamover/v1alpha1/kinds.ts';
import { APP, BASE_URL, CLUSTER_NAME, ControllerHarness } from '../fakes/cluster/controller-harness.ts';

let harness: ControllerHarness;

const admin = () => harness.kube.client('admin');
const phase = (name = 'b1') => harness.backup(name)?.status?.phase;
const classOf = (name: string) => harness.backup(name)?.status?.dataMoverClass;
const matchedBy = (name: string) => harness.kube.peek(dataMoverClasses, { name })?.status?.matchedClaims;

function setDefault(name: string, isDefault: boolean): Promise<unknown> {
  const value = isDefault ? 'true' : null;
  return admin().mergePatch(
    dataMoverClasses,
    { name },
    { metadata: { annotations: { [annotations.defaultClass]: value } } },
  );
}

function addClass(name: string, spec: Record<string, unknown> = {}): void {
  harness.addClass((object) => {
    object.metadata = { name };
    Object.assign(object.spec, spec);
  });
}

beforeEach(async () => {
  harness = new ControllerHarness();
  await harness.addSource('data', 'precious');
});

afterEach(() => harness.stop());

async function running(): Promise<void> {
  harness.cluster.hold('volsync');
  await harness.start();
  harness.addBackup('b1');
  await harness.until(() => phase() === 'Moving');
}

async function finish(): Promise<void> {
  harness.cluster.release('volsync');
  await harness.until(() => phase() === 'Completed' || phase() === 'Failed');
}

describe('a request that runs', () => {
  it('keeps its class when another one becomes the default, and those after it get the new one', async () => {
    addClass('other', { config: { repositoryPrefix: 'other' } });
    await running();
    await setDefault('volsync', false);
    await setDefault('other', true);
    harness.addBackup('b2');
    await harness.until(() => classOf('b2') !== undefined);
    // After a restart only the recorded status determines the class.
    await harness.stop();
    await harness.start();
    await finish();
    await harness.until(() => phase('b2') === 'Completed');
    expect([classOf('b1'), harness.backup()?.status?.result?.repository]).toEqual([
      'volsync',
      `${CLUSTER_NAME}/${APP}/data`,
    ]);
    expect([classOf('b2'), harness.backup('b2')?.status?.result?.repository]).toEqual([
      'other',
      `other/${CLUSTER_NAME}/${APP}/data`,
    ]);
  });

  it('keeps its class when the claim names another class, or another class selects the claim', async () => {
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

  it('keeps its repository when the secret and the prefix of the class change', async () => {
    await running();
    const config = { resticSecret: { name: 'moved' }, repositoryPrefix: 'moved' };
    harness.addSecret();
    await admin().mergePatch(dataMoverClasses, { name: 'volsync' }, { spec: { config } });
    await finish();
    expect(phase()).toBe('Completed');
    expect([...harness.cluster.state.repositories.keys()]).toEqual([
      `${BASE_URL}/${CLUSTER_NAME}/${APP}/data`,
    ]);
  });

  it('fails at the new deadline if the class shortens it', async () => {
    await running();
    await admin().mergePatch(
      dataMoverClasses,
      { name: 'volsync' },
      { spec: { deadlines: { totalSeconds: 30 } } },
    );
    await harness.until(() => phase() === 'Failed');
    expect(harness.backup()?.status?.failure?.reason).toBe('DeadlineExceeded');
  });

  it('fails and leaves nothing behind when another class of the same name replaces its class', async () => {
    const inventory = harness.inventory();
    await running();
    const before = harness.kube.peek(dataMoverClasses, { name: 'volsync' });
    await admin().delete(dataMoverClasses, { name: 'volsync' });
    await admin().mergePatch(dataMoverClasses, { name: 'volsync' }, { metadata: { finalizers: [] } });
    addClass('volsync', { mover: 'Vendor' });
    expect(harness.kube.peek(dataMoverClasses, { name: 'volsync' })?.metadata.uid).not.toBe(
      before?.metadata.uid,
    );
    await finish();
    expect(harness.backup()?.status?.failure?.message).toContain(
      'spec.mover of the DataMoverClass was changed from VolSync',
    );
    expect(harness.inventory()).toEqual(inventory);
  });
});

describe('of two default classes', () => {
  it('the newer one serves, and one that is being deleted does not', async () => {
    addClass('newer');
    harness.kube.edit(dataMoverClasses, { name: 'newer' }, ({ metadata }) => {
      metadata.annotations = { [annotations.defaultClass]: 'true' };
      metadata.creationTimestamp = '2999-01-01T00:00:00Z';
    });
    await harness.start();
    harness.addBackup('b1');
    await harness.until(() => phase() === 'Completed');
    expect(classOf('b1')).toBe('newer');
    await admin().delete(dataMoverClasses, { name: 'newer' });
    harness.addBackup('b2');
    await harness.until(() => phase('b2') === 'Completed');
    expect(classOf('b2')).toBe('volsync');
  });
});

describe('a class counts the claims that get it', () => {
  it('by annotation, by selector and as the default, without those of movers', async () => {
    addClass('gold', { selector: 'tier=gold' });
    addClass('named');
    harness.addClaim('a', ({ metadata }) => (metadata.labels = { tier: 'gold' }));
    harness.addClaim('b', ({ metadata }) => {
      metadata.labels = { tier: 'gold' };
      metadata.annotations = { [annotations.className]: 'named' };
    });
    harness.addClaim('c', ({ metadata }) => (metadata.annotations = { [annotations.className]: 'nobody' }));
    harness.addClaim('staging', ({ metadata }) => (metadata.namespace = 'velero'));
    await harness.start();
    await harness.quiesce();
    // Includes the source that all stories here have.
    expect(['volsync', 'gold', 'named'].map(matchedBy)).toEqual([1, 1, 1]);
  });

  it('and follows when claims and classes change', async () => {
    addClass('gold', { selector: 'tier=gold' });
    await harness.start();
    await harness.quiesce();
    expect(['volsync', 'gold'].map(matchedBy)).toEqual([1, 0]);
    await admin().mergePatch(
      persistentVolumeClaims,
      { namespace: APP, name: 'data' },
      { metadata: { labels: { tier: 'gold' } } },
    );
    await harness.until(() => matchedBy('gold') === 1, 15_000);
    expect(matchedBy('volsync')).toBe(0);
    await admin().mergePatch(dataMoverClasses, { name: 'gold' }, { spec: { selector: 'tier=silver' } });
    await harness.until(() => matchedBy('volsync') === 1, 15_000);
    expect(matchedBy('gold')).toBe(0);
  });

  it('in a write per ten seconds, however much changes', async () => {
    await harness.start();
    await harness.quiesce();
    const writes = () =>
      harness.kube.calls.filter(({ verb, kind }) => verb === 'applyStatus' && kind.kind === 'DataMoverClass')
        .length;
    const before = writes();
    for (let i = 0; i < 50; i++) {
      harness.addClaim(`c${String(i)}`);
      await harness.advance(100, 100);
    }
    await harness.advance(20_000);
    expect(matchedBy('volsync')).toBe(51);
    expect(writes() - before).toBeLessThanOrEqual(2);
  });
});

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { events, persistentVolumeClaims } from '../../api/kubernetes/core.ts';
import type { ObjectMeta, Resource } from '../../api/kubernetes/meta.ts';
import { annotations, FINALIZER, labels } from '../../api/datamover/v1alpha1/keys.ts';
import { TEXTS, titleOf } from '../fakes/hostile.ts';
import { APP, ControllerHarness } from '../fakes/cluster/controller-harness.ts';

/**
 * Labels, annotations, owners and finalizers that a tenant writes on its requests and claims. No schema restricts them, and the
 * children of a request are in the protected namespace.
 */

/** Part of each value, so that it is found wherever it appears. */
const MARK = 'written-by-mallory';

let harness: ControllerHarness;

beforeEach(() => {
  harness = new ControllerHarness();
});

afterEach(() => harness.stop());

async function endOf() {
  await harness.until(() => harness.backup()?.status?.completionTimestamp !== undefined);
  await harness.advance(3_000);
  return harness.backup()!.status!;
}

/** Returns all writes that the API server received, except those to the requests themselves. */
function written(): string {
  const bodies = harness.kube
    .writeCalls()
    .filter(({ kind }) => kind.kind !== 'DataMoverBackup' && kind !== events)
    .map(({ body }) => body);
  return JSON.stringify(bodies);
}

const made = (): Resource[] =>
  harness.kube
    .writeCalls()
    .filter(({ verb }) => verb === 'create' || verb === 'apply')
    .map(({ body }) => body as Resource)
    .filter(({ kind }) => kind !== 'Event');

describe('a request', () => {
  beforeEach(() => harness.addSource('data', 'precious'));

  it.each(TEXTS.map((text) => [titleOf(text), text]))(
    'whose traceparent is %s gets a new trace, which its children carry',
    async (_, text) => {
      await harness.start();
      harness.addBackup('b1', ({ metadata }) => {
        metadata.annotations = { [annotations.traceparent]: `${MARK}${text}` };
      });
      expect(await endOf()).toMatchObject({ phase: 'Completed' });
      const traces = made().map(({ metadata }) => metadata.annotations?.[annotations.traceparent]);
      expect(traces.filter((trace) => trace !== undefined).length).toBeGreaterThan(0);
      for (const trace of traces) expect(trace ?? '').toMatch(/^(00-[0-9a-f]{32}-[0-9a-f]{16}-01)?$/);
      expect(written()).not.toContain(MARK);
    },
  );

  const ALL_KEYS = [...Object.values(annotations), ...Object.values(labels)].filter(
    // The values that link a request to its Velero backup have formats and rules of their own.
    (key) => !key.includes('velero'),
  );
  const all = Object.fromEntries(ALL_KEYS.map((key) => [key, MARK]));

  it.each<[string, Partial<ObjectMeta>]>([
    ['every label of ours', { labels: all }],
    ['every annotation of ours', { annotations: all }],
    ['the finalizer of the controller', { finalizers: [FINALIZER] }],
  ])('with %s is served like any other, and none of it is copied to its children', async (_, more) => {
    const before = harness.inventory();
    await harness.start();
    harness.addBackup('b1', (backup) => void Object.assign(backup.metadata, more));
    expect(await endOf()).toMatchObject({ phase: 'Completed' });
    expect(made().length).toBeGreaterThan(0);
    expect(written()).not.toContain(MARK);
    expect(harness.inventory()).toEqual(before);
    expect(harness.backup()?.metadata.finalizers ?? []).not.toContain(FINALIZER);
  });
});

describe('a request with owners', () => {
  beforeEach(() => harness.addSource('data', 'precious'));

  it('that exist is served, and its children have none of these owners', async () => {
    const { metadata } = harness.kube.peek(persistentVolumeClaims, { namespace: APP, name: 'data' })!;
    const owner = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name: 'data', uid: metadata.uid! };
    const before = harness.inventory();
    await harness.start();
    harness.addBackup('b1', (backup) => void (backup.metadata.ownerReferences = [owner]));
    expect(await endOf()).toMatchObject({ phase: 'Completed' });
    const owners = made().flatMap((object) => object.metadata.ownerReferences ?? []);
    expect(owners.filter(({ uid }) => uid === owner.uid)).toEqual([]);
    expect(harness.inventory()).toEqual(before);
  });

  it('that do not exist is garbage-collected, and leaves nothing behind', async () => {
    const before = harness.inventory();
    await harness.start();
    harness.addBackup('b1', ({ metadata }) => {
      metadata.ownerReferences = ['Namespace', 'Secret', 'Job', 'Pod'].map((kind) => ({
        apiVersion: 'v1',
        kind,
        name: MARK,
        uid: MARK,
        controller: true,
      }));
    });
    await harness.until(() => harness.backup() === undefined);
    await harness.advance(10_000);
    expect(written()).not.toContain(MARK);
    expect(harness.inventory()).toEqual(before);
  });
});

describe('the annotation of a claim', () => {
  const VALUES = ['', ...TEXTS].map((text) => [titleOf(text), text] as const);

  async function refuse(key: string, text: string) {
    await harness.addSource('data', 'precious', ({ metadata }) => (metadata.annotations = { [key]: text }));
    const before = harness.inventory();
    await harness.start();
    harness.addBackup('b1');
    const { phase, failure } = await endOf();
    expect(phase).toBe('Failed');
    expect(failure?.message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(failure!.message.length).toBeLessThanOrEqual(8192);
    expect(harness.inventory()).toEqual(before);
    return failure!.reason;
  }

  it.each(VALUES)(
    'that names its class by %s fails the backup, with one line of plain text',
    async (_, text) => {
      expect(await refuse(annotations.className, text)).toBe('ClassNotFound');
    },
  );

  it.each(VALUES)('that names its VolumeSnapshotClass by %s fails the backup likewise', async (_, text) => {
    expect(await refuse('velero.io/csi-volumesnapshot-class', text)).toMatch(/^Snapshot/);
  });
});

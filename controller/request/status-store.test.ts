import { describe, expect, it } from '@jest/globals';
import type { Key } from '../../api/meta.ts';
import type { DataMoverBackup } from '../../api/v1alpha1/data-mover-backup.ts';
import { dataMoverBackups } from '../../api/v1alpha1/kinds.ts';
import { isConflict } from '../../kube/client/kube-error.ts';
import { FakeKube } from '../../tests/fakes/fake-kube.ts';
import { createStatusStore, SETTLE_MS } from './status-store.ts';

const key: Key = { namespace: 'app', name: 'b1' };
const start = Date.UTC(2026, 0, 1);

function setUp() {
  const kube = new FakeKube();
  const read = kube.seed(dataMoverBackups, {
    apiVersion: 'oadp.openshift.io/v1alpha1',
    kind: 'DataMoverBackup',
    metadata: { namespace: 'app', name: 'b1' },
    spec: { dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'data' } },
  });
  const store = createStatusStore<DataMoverBackup>(kube.client(), dataMoverBackups);
  const write = (object: DataMoverBackup, status: DataMoverBackup['status'], ms = 0) =>
    store.write(object, status, { now: new Date(start + ms), signal: new AbortController().signal });
  const now = (): DataMoverBackup => kube.peek(dataMoverBackups, key)!;
  return { kube, read, store, write, now };
}

describe('the status store', () => {
  it('writes a difference, and nothing else', async () => {
    const { kube, read, write, now } = setUp();
    expect(await write(read, {})).toEqual({ written: false });
    expect(await write(read, { phase: 'Queued' })).toEqual({ written: true });
    expect(await write(now(), { phase: 'Queued' })).toEqual({ written: false });
    expect(now().status).toEqual({ phase: 'Queued' });
    expect(kube.writeCalls()).toHaveLength(1);
  });

  it('removes what is no longer said', async () => {
    const { read, write, now } = setUp();
    await write(read, { phase: 'Queued', queue: { ahead: 1, reason: 'x' } });
    await write(now(), { phase: 'Staging' });
    expect(now().status).toEqual({ phase: 'Staging' });
  });

  it('takes a copy from before its own write for stale, and the next one for fresh', async () => {
    const { read, store, write, now } = setUp();
    expect(store.isStale(read)).toBe(false);
    await write(read, { phase: 'Queued' });
    expect(store.isStale(read)).toBe(true);
    expect(store.isStale(now())).toBe(false);
  });

  it('takes nothing for stale after a write that changed nothing', async () => {
    const { read, store, write, now } = setUp();
    await write(read, { phase: 'Queued', message: 'm' });
    const fresh = now();
    // The same for the API server, which does not care for the order of members.
    await write(fresh, { message: 'm', phase: 'Queued' }, SETTLE_MS);
    expect(store.isStale(fresh)).toBe(false);
  });

  it('takes a copy from before a change of finalizers for stale', async () => {
    const { read, store, now } = setUp();
    await store.setFinalizers(read, ['example.com/hold'], new AbortController().signal);
    expect(store.isStale(read)).toBe(true);
    expect(store.isStale(now())).toBe(false);
    expect(now().metadata.finalizers).toEqual(['example.com/hold']);
  });

  it('does not overwrite what somebody else has written meanwhile', async () => {
    const { kube, read, store, write } = setUp();
    kube.edit(dataMoverBackups, key, (object) => {
      object.spec.cancel = true;
    });
    const error: unknown = await write(read, { phase: 'Queued' }).catch((caught: unknown) => caught);
    expect(isConflict(error)).toBe(true);
    expect(store.isStale(read)).toBe(false);
    const again: unknown = await store
      .setFinalizers(read, [], new AbortController().signal)
      .catch((caught: unknown) => caught);
    expect(isConflict(again)).toBe(true);
  });

  it('lets mere words wait for facts to travel with', async () => {
    const { read, write, now } = setUp();
    await write(read, { phase: 'Moving', message: 'one' });
    expect(await write(now(), { phase: 'Moving', message: 'two' }, 500)).toEqual({
      written: false,
      retryAfterMs: SETTLE_MS - 500,
    });
    expect(await write(now(), { phase: 'CleaningUp', message: 'three' }, 600)).toEqual({ written: true });
    expect(await write(now(), { phase: 'CleaningUp', message: 'four' }, 600 + SETTLE_MS)).toEqual({
      written: true,
    });
    expect(now().status?.message).toBe('four');
  });
});

import { describe, expect, it } from '@jest/globals';
import type { Key, Kind, Resource } from '../../api/kubernetes/meta.ts';
import { isConflict } from '../../kube/client/kube-error.ts';
import { createFakeClock } from '../../tests/fakes/fake-clock.ts';
import { FakeKube } from '../../tests/fakes/fake-kube.ts';
import { createStatusStore, SETTLE_MS } from './status-store.ts';

interface Request extends Resource {
  status?: Record<string, unknown>;
}

const requests: Kind<Request> = {
  group: 'example.com',
  version: 'v1',
  kind: 'Request',
  plural: 'requests',
  namespaced: true,
};

const key: Key = { namespace: 'app', name: 'b1' };

function setUp() {
  const kube = new FakeKube();
  const clock = createFakeClock();
  const read = kube.seed(requests, {
    apiVersion: 'example.com/v1',
    kind: 'Request',
    metadata: { namespace: 'app', name: 'b1' },
  });
  const store = createStatusStore<Request>(kube.client(), requests, clock);
  const write = (object: Request, status: Request['status']) =>
    store.write(object, status, new AbortController().signal);
  const now = (): Request => kube.peek(requests, key)!;
  return { kube, clock, read, store, write, now };
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

  it('removes fields that the new status does not have', async () => {
    const { read, write, now } = setUp();
    await write(read, { phase: 'Queued', queue: { ahead: 1, reason: 'x' } });
    await write(now(), { phase: 'Staging' });
    expect(now().status).toEqual({ phase: 'Staging' });
  });

  it('treats a copy from before its own write as stale, and the next one as fresh', async () => {
    const { read, store, write, now } = setUp();
    expect(store.isStale(read)).toBe(false);
    await write(read, { phase: 'Queued' });
    expect(store.isStale(read)).toBe(true);
    expect(store.isStale(now())).toBe(false);
  });

  it('does not write what differs in the order of members alone', async () => {
    const { kube, clock, read, write, now } = setUp();
    const conditions = [
      {
        type: 'Ready',
        status: 'True',
        reason: 'Done',
        message: '',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      },
    ] as const;
    await write(read, { phase: 'Queued', message: 'm', conditions: [...conditions] });
    await clock.advance(SETTLE_MS);
    // The API server may return members in another order.
    const turned = conditions.map((one) => Object.fromEntries(Object.entries(one).reverse()));
    const status = {
      message: 'm',
      conditions: turned,
      phase: 'Queued',
    } as unknown as Request['status'];
    expect(await write(now(), status)).toEqual({ written: false });
    expect(kube.writeCalls()).toHaveLength(1);
  });

  it('treats no copy as stale after a write that changed nothing', async () => {
    const { read, store, write, now } = setUp();
    await write(read, { phase: 'Queued' });
    const fresh = now();
    // A copy with the newest resourceVersion and an older status.
    await write({ ...fresh, status: { phase: 'Pending' } }, { phase: 'Queued' });
    expect(store.isStale(fresh)).toBe(false);
  });

  it('treats a copy from before a change of finalizers as stale', async () => {
    const { read, store, now } = setUp();
    await store.setFinalizers(read, ['example.com/hold'], new AbortController().signal);
    expect(store.isStale(read)).toBe(true);
    expect(store.isStale(now())).toBe(false);
    expect(now().metadata.finalizers).toEqual(['example.com/hold']);
  });

  it('fails with a conflict if another client has changed the object', async () => {
    const { kube, read, store, write } = setUp();
    kube.edit(requests, key, (object) => {
      object.metadata.labels = { changed: 'true' };
    });
    const error: unknown = await write(read, { phase: 'Queued' }).catch((caught: unknown) => caught);
    expect(isConflict(error)).toBe(true);
    expect(store.isStale(read)).toBe(false);
    const again: unknown = await store
      .setFinalizers(read, [], new AbortController().signal)
      .catch((caught: unknown) => caught);
    expect(isConflict(again)).toBe(true);
  });

  it.each([0, -3_600_000, 3_600_000])(
    'delays a new message without new facts even if the wall clock is set by %d ms',
    async (step) => {
      const { clock, read, write, now } = setUp();
      await write(read, { phase: 'Moving', message: 'one' });
      clock.stepWall(step);
      await clock.advance(500);
      expect(await write(now(), { phase: 'Moving', message: 'two' })).toEqual({
        written: false,
        retryAfterMs: SETTLE_MS - 500,
      });
      expect(await write(now(), { phase: 'CleaningUp', message: 'three' })).toEqual({ written: true });
      await clock.advance(SETTLE_MS);
      expect(await write(now(), { phase: 'CleaningUp', message: 'four' })).toEqual({ written: true });
      expect(now().status?.message).toBe('four');
    },
  );
});

import { describe, expect, it } from '@jest/globals';
import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import { createFakeClock, type FakeClock } from '../../tests/fakes/fake-clock.ts';
import { FakeKube } from '../../tests/fakes/fake-kube.ts';
import { KubeError } from '../client/kube-error.ts';
import type { EventInput } from './event.ts';
import { createEventRecorder, type EventRecorderOptions } from './events.ts';

interface Event extends Resource {
  note: string;
  reason: string;
  eventTime: string;
  regarding: { name: string };
  series?: { count: number };
}
const events: Kind<Event> = {
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
};

const happened = (more: Partial<EventInput> = {}): EventInput => ({
  regarding: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: 'app', name: 'data', uid: 'u1' },
  type: 'Normal',
  reason: 'Moved',
  action: 'Move',
  note: '10 MiB are safe',
  ...more,
});

const about = (name: string, more: Partial<EventInput> = {}): EventInput =>
  happened({
    regarding: { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'app', name, uid: name },
    ...more,
  });

const isOutcome = ({ reason }: Event): boolean => reason === 'Completed';

async function until(clock: FakeClock, condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 10_000 && !condition(); turn++) await clock.advance(0);
  expect(condition()).toBe(true);
}

function setup(more: Partial<EventRecorderOptions> = {}) {
  const clock = createFakeClock();
  const kube = new FakeKube({ clock });
  const recorder = createEventRecorder({
    client: kube.client(),
    controller: 'example.com/controller',
    instance: 'pod-1',
    clock,
    ...more,
  });
  return { clock, kube, recorder };
}

describe('event recorder', () => {
  it('writes an event beside its object', async () => {
    const { clock, kube, recorder } = setup();
    recorder.record(happened());
    await clock.advance(0);
    expect(kube.peekAll(events)).toEqual([
      expect.objectContaining({
        metadata: expect.objectContaining({ namespace: 'app', name: expect.stringMatching(/^data\./) }),
        eventTime: '2026-01-01T00:00:00.000000Z',
        reportingController: 'example.com/controller',
        reportingInstance: 'pod-1',
        type: 'Normal',
        reason: 'Moved',
        action: 'Move',
        note: '10 MiB are safe',
      }),
    ]);
  });

  it('puts events of cluster-scoped objects into the namespace default', async () => {
    const { clock, kube, recorder } = setup();
    recorder.record(happened({ regarding: { apiVersion: 'v1', kind: 'PersistentVolume', name: 'pv' } }));
    await clock.advance(0);
    expect(kube.peekAll(events)[0]?.metadata.namespace).toBe('default');
  });

  it('cuts a long note at 1 KiB and at a whole character', async () => {
    const { clock, kube, recorder } = setup();
    recorder.record(happened({ note: 'ü'.repeat(1_000) }));
    await clock.advance(0);
    const note = kube.peekAll(events)[0]?.note ?? '';
    expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1024);
    expect(note).toMatch(/^ü{510}…$/);
  });

  it('combines repeats into a series and writes its count at most every ten seconds', async () => {
    const { clock, kube, recorder } = setup();
    for (let second = 0; second < 21; second++) {
      recorder.record(happened());
      await clock.advance(1_000);
    }
    await clock.advance(10_000);
    expect(kube.peekAll(events)).toEqual([
      expect.objectContaining({ series: expect.objectContaining({ count: 21 }) }),
    ]);
    expect(kube.writeCalls().length).toBeLessThanOrEqual(4);
  });

  it('starts a new event after a quiet time, and for another note', async () => {
    const { clock, kube, recorder } = setup();
    recorder.record(happened());
    recorder.record(happened({ note: 'other' }));
    await clock.advance(400_000);
    recorder.record(happened());
    await clock.advance(0);
    expect(
      kube
        .peekAll(events)
        .map(({ note }) => note)
        .sort(),
    ).toEqual(['10 MiB are safe', '10 MiB are safe', 'other']);
  });

  it('retries if the API server is unavailable, and drops an event that it rejects', async () => {
    const { clock, kube, recorder } = setup();
    const failures = [503, 503];
    kube.before = () => {
      const code = failures.shift();
      if (code !== undefined) throw new KubeError({ code, reason: 'No', message: 'no' });
    };
    recorder.record(happened());
    await clock.advance(10_000);
    expect(kube.peekAll(events)).toHaveLength(1);
    failures.push(403);
    recorder.record(happened({ note: 'refused' }));
    await clock.advance(10_000);
    expect(kube.writeCalls()).toHaveLength(4);
    expect(kube.peekAll(events)).toHaveLength(1);
  });

  it('never throws', async () => {
    const { clock, kube, recorder } = setup();
    expect(() => recorder.record(undefined as unknown as EventInput)).not.toThrow();
    await clock.advance(0);
    expect(kube.peekAll(events)).toEqual([]);
  });

  it('sends others while the API server is slow with one', async () => {
    const { clock, kube, recorder } = setup();
    kube.before = ({ key }) =>
      key?.name.startsWith('slow') === true ? new Promise(() => undefined) : undefined;
    recorder.record(about('slow'));
    for (let index = 0; index < 20; index++) recorder.record(about(`fast-${String(index)}`));
    await clock.advance(0);
    expect(kube.peekAll(events)).toHaveLength(20);
  });

  it('loses no outcome when thousands of requests end at once', async () => {
    const { clock, kube, recorder } = setup();
    let release: () => void = () => undefined;
    const busy = new Promise<void>((resolve) => (release = resolve));
    kube.before = () => busy;
    for (let index = 0; index < 3_000; index++) {
      const name = `request-${String(index)}`;
      recorder.record(about(name, { reason: 'Moving', droppable: true }));
      recorder.record(about(name, { reason: 'Completed' }));
    }
    release();
    await until(clock, () => kube.peekAll(events).filter(isOutcome).length === 3_000);
    // The first thousand waiting events, and those that were being sent.
    expect(kube.peekAll(events).length - 3_000).toBeLessThanOrEqual(1_004);
  });

  it('never keeps more events than its limit', async () => {
    const { clock, kube, recorder } = setup({ maxWaiting: 5, maxKept: 10, inFlight: 1 });
    let release: () => void = () => undefined;
    const busy = new Promise<void>((resolve) => (release = resolve));
    kube.before = () => busy;
    for (let index = 0; index < 50; index++) recorder.record(about(`request-${String(index)}`));
    release();
    await clock.advance(0);
    expect(kube.peekAll(events)).toHaveLength(11);
  });

  it('combines events of one object that differ only in their note', async () => {
    const { clock, kube, recorder } = setup();
    for (let index = 0; index < 30; index++) recorder.record(happened({ note: `claim ${String(index)}` }));
    recorder.record(happened({ reason: 'Other', note: 'of another kind' }));
    await clock.advance(10_000);
    const notes = kube.peekAll(events).map(({ note, series }) => `${note} ${String(series?.count ?? 1)}`);
    const apart = Array.from({ length: 10 }, (_, index) => `claim ${String(index)} 1`);
    const combined = '(combined from similar events): claim 10 20';
    expect(notes.sort()).toEqual([...apart, combined, 'of another kind 1'].sort());
  });

  it('keeps a series together when the clock of the machine is set', async () => {
    const { clock, kube, recorder } = setup();
    recorder.record(happened());
    await clock.advance(1_000);
    clock.stepWall(3_600_000);
    recorder.record(happened());
    clock.stepWall(-7_200_000);
    recorder.record(happened());
    await clock.advance(10_000);
    expect(kube.peekAll(events).map(({ series }) => series?.count)).toEqual([3]);
  });

  it('sends what waits when it is closed, counts of repeats included', async () => {
    const { clock, kube, recorder } = setup();
    recorder.record(happened());
    await clock.advance(0);
    recorder.record(happened());
    const closing = recorder.close();
    await clock.advance(0);
    await closing;
    expect(kube.peekAll(events)[0]?.series?.count).toBe(2);
    recorder.record(happened({ note: 'late' }));
    await clock.advance(0);
    expect(kube.peekAll(events)).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  it('does not wait longer than its deadline when it is closed', async () => {
    const { clock, kube, recorder } = setup();
    kube.before = () => {
      throw new KubeError({ code: 503, reason: 'No', message: 'no' });
    };
    recorder.record(happened());
    const closing = recorder.close(100);
    await clock.advance(100);
    await closing;
    expect(kube.peekAll(events)).toEqual([]);
  });
});

import { describe, expect, it } from '@jest/globals';
import type { ContainerStatus, Pod } from '../../../api/kubernetes/core.ts';
import type { KubeClient } from '../../../kube/client/kube-client.ts';
import { KubeError } from '../../../kube/client/kube-error.ts';
import { silentLogger } from '../../../telemetry/log.ts';
import { createChannel, type Channel } from '../../../tests/fakes/channel.ts';
import { createFakeClock } from '../../../tests/fakes/fake-clock.ts';
import { createPodLogs } from './pod-logs.ts';

function pod(state: NonNullable<ContainerStatus['state']> = { running: {} }, uid = 'u-1'): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'velero', name: 'mover', uid, labels: { 'job-name': 'job' } },
    spec: { containers: [{ name: 'restic' }] },
    status: {
      phase: 'Running',
      containerStatuses: [{ name: 'restic', state }],
    },
  };
}

const ended = (): Pod => pod({ terminated: { exitCode: 0 } });

/** Creates a client whose streams the test writes. */
function setUp() {
  const streams: Channel<string>[] = [];
  const signals: (AbortSignal | undefined)[] = [];
  const clock = createFakeClock();
  const { after } = clock;
  const kept: boolean[] = [];
  clock.after = (ms, action, keepAlive = false) => {
    kept.push(keepAlive);
    return after(ms, action);
  };
  const client = {
    podLog: (_: unknown, options: { signal?: AbortSignal }) => {
      const stream = createChannel<string>();
      streams.push(stream);
      signals.push(options.signal);
      options.signal?.addEventListener('abort', () => stream.end(new Error('aborted')));
      return stream.values();
    },
  } as unknown as KubeClient;
  const logs = createPodLogs(client, silentLogger, clock);
  let looks = 0;
  const of = (seen: Pod) =>
    logs.of(seen, () => {
      looks++;
    });
  return { streams, signals, clock, kept, logs, of, looks: () => looks };
}

const broken = (code: number): KubeError => new KubeError({ code, reason: 'x', message: 'broken' });

describe("a pod's log", () => {
  it('is not requested before the container has started', () => {
    const { streams, of } = setUp();
    expect(of(pod({ waiting: {} }))).toMatchObject({ lines: [], complete: false });
    expect(streams).toHaveLength(0);
  });

  it('keeps no process alive until it is opened again', async () => {
    const { streams, clock, kept, of } = setUp();
    of(pod());
    streams[0]?.end(broken(500));
    await clock.advance(999);
    expect(streams).toHaveLength(1);
    expect(kept).toEqual([false]);
  });

  it('is followed by one stream, and every line wakes', async () => {
    const { streams, clock, of, looks } = setUp();
    of(pod());
    of(pod());
    await clock.advance(1_000);
    streams[0]?.push('one');
    streams[0]?.push('two');
    await clock.advance(0);
    expect(of(ended())).toMatchObject({
      lines: ['one', 'two'],
      complete: false,
      movedAt: new Date(clock.now()),
    });
    streams[0]?.end();
    await clock.advance(0);
    expect(of(ended())).toMatchObject({ complete: true });
    expect(looks()).toBe(3);
    expect(streams).toHaveLength(1);
  });

  it('is not over when the stream is, while the container runs', async () => {
    const { streams, clock, of } = setUp();
    of(pod());
    streams[0]?.push('one');
    streams[0]?.end();
    await clock.advance(0);
    expect(of(pod())).toMatchObject({ lines: ['one'], complete: false });
    await clock.advance(1_000);
    streams[1]?.push('one');
    streams[1]?.push('two');
    of(ended());
    streams[1]?.end();
    await clock.advance(0);
    expect(of(ended())).toMatchObject({ lines: ['one', 'two'], complete: true });
  });

  it('keeps what it has while a new stream repeats it', async () => {
    const { streams, clock, of } = setUp();
    of(pod());
    for (const line of ['one', 'two']) streams[0]?.push(line);
    streams[0]?.end(broken(500));
    await clock.advance(1_000);
    streams[1]?.push('one');
    await clock.advance(0);
    expect(of(pod()).lines).toEqual(['one', 'two']);
    for (const line of ['two', 'three']) streams[1]?.push(line);
    await clock.advance(0);
    expect(of(pod()).lines).toEqual(['one', 'two', 'three']);
  });

  it('ends with the lines of its last stream, even if the kubelet has rotated the first ones away', async () => {
    const { streams, clock, of } = setUp();
    of(pod());
    for (const line of ['one', 'two']) streams[0]?.push(line);
    streams[0]?.end(broken(500));
    await clock.advance(1_000);
    streams[1]?.push('the summary');
    of(ended());
    streams[1]?.end();
    await clock.advance(0);
    expect(of(ended())).toMatchObject({ lines: ['the summary'], complete: true });
  });

  it('is read to its end as soon as the container is known to have ended', async () => {
    const { streams, clock, of } = setUp();
    of(pod());
    streams[0]?.push('one');
    streams[0]?.end();
    await clock.advance(0);
    expect(of(ended())).toMatchObject({ complete: false });
    await clock.advance(0);
    streams[1]?.push('one');
    streams[1]?.push('two');
    streams[1]?.end();
    await clock.advance(0);
    expect(of(ended())).toMatchObject({ lines: ['one', 'two'], complete: true });
  });

  it('is requested again after growing waits, up to a limit', async () => {
    const { streams, clock, of } = setUp();
    of(pod());
    const attempts: number[] = [];
    for (let second = 0; second < 120; second++) {
      streams.at(-1)?.end(broken(500));
      await clock.advance(1_000);
      attempts.push(streams.length);
    }
    expect(attempts.slice(0, 9)).toEqual([2, 2, 3, 3, 3, 3, 3, 4, 4]);
    expect(streams).toHaveLength(5);
    expect(of(pod())).toMatchObject({ complete: true });
  });

  it('gets all its attempts again after a stream that lasted', async () => {
    const { streams, clock, of } = setUp();
    of(pod());
    for (let hour = 0; hour < 20; hour++) {
      await clock.advance(3_600_000);
      streams.at(-1)?.end(broken(500));
      await clock.advance(2_000);
    }
    expect(streams.length).toBeGreaterThan(20);
    expect(of(pod())).toMatchObject({ complete: false });
  });

  it('is complete if the pod does not exist any more', async () => {
    const { streams, clock, of } = setUp();
    of(pod());
    streams[0]?.end(broken(404));
    await clock.advance(0);
    expect(of(pod())).toMatchObject({ complete: true });
  });

  it('does not grow without end, and forgets progress before anything else', async () => {
    const { streams, clock, of } = setUp();
    of(pod());
    streams[0]?.push('restoring snapshot abcdef01 of [/data]');
    for (let line = 0; line < 1_000; line++)
      streams[0]?.push(`[0:${String(line)}] 1 files/dirs 1 B, total 2 files/dirs 2 B`);
    await clock.advance(0);
    const { lines } = of(pod());
    expect(lines.length).toBeLessThanOrEqual(200);
    expect(lines[0]).toContain('restoring snapshot');
    expect(lines.at(-1)).toContain('[0:999]');
  });

  it.each([10, 300, 20_000])('keeps its beginning and its end beside %i lines about files', async (count) => {
    const { streams, clock, of } = setUp();
    of(pod());
    streams[0]?.push('restoring snapshot abcdef01 of [/data]');
    for (let line = 0; line < count; line++) streams[0]?.push(`ignoring error for /file-${String(line)}`);
    streams[0]?.push('Summary: Restored 3 files/dirs (9 B) in 0:01');
    await clock.advance(0);
    const { lines } = of(pod());
    expect(lines.length).toBeLessThanOrEqual(200);
    expect(lines[0]).toContain('restoring snapshot');
    expect(lines.at(-1)).toContain('Summary: Restored');
  });

  it('shows no progress if only the elapsed time of its mover changes', async () => {
    const { streams, clock, of } = setUp();
    of(pod());
    const status = (seconds: number, bytes: number): string =>
      JSON.stringify({ message_type: 'status', seconds_elapsed: seconds, bytes_done: bytes });
    streams[0]?.push(status(1, 7));
    await clock.advance(0);
    const movedAt = new Date(clock.now());
    await clock.advance(60_000);
    streams[0]?.push(status(61, 7));
    await clock.advance(0);
    expect(of(pod())).toMatchObject({ movedAt });
    streams[0]?.push(status(62, 8));
    await clock.advance(0);
    expect(of(pod())).toMatchObject({ movedAt: new Date(clock.now()) });
  });

  it('is dropped with its stream', async () => {
    const { streams, signals, clock, logs, of, looks } = setUp();
    of(pod());
    streams[0]?.push('one');
    await clock.advance(0);
    logs.drop('other');
    expect(signals[0]?.aborted).toBe(false);
    logs.drop('job');
    await clock.advance(60_000);
    expect(signals[0]?.aborted).toBe(true);
    expect(looks()).toBe(1);
    expect(streams).toHaveLength(1);
    expect(of(pod())).toMatchObject({ lines: [] });
    expect(streams).toHaveLength(2);
  });

  it('is known for as long as its Job is of interest, with those of its other pods', async () => {
    const { streams, clock, logs, of } = setUp();
    of(pod(undefined, 'u-1'));
    of(pod(undefined, 'u-2'));
    streams[0]?.push('one');
    streams[1]?.push('two');
    await clock.advance(0);
    expect(logs.ofJob('job').map(({ lines }) => lines)).toEqual([['one'], ['two']]);
    expect(logs.ofJob('other')).toEqual([]);
  });

  it('is complete some time after its pod was deleted, even if the stream hangs', async () => {
    const { streams, signals, clock, logs, of, looks } = setUp();
    of(pod());
    streams[0]?.push('one');
    await clock.advance(0);
    logs.gone('u-1');
    await clock.advance(9_000);
    expect(logs.ofJob('job')).toMatchObject([{ complete: false }]);
    await clock.advance(2_000);
    expect(logs.ofJob('job')).toMatchObject([{ lines: ['one'], complete: true }]);
    expect(signals[0]?.aborted).toBe(true);
    expect(looks()).toBe(2);
  });

  it('can be read in its current state, and is empty if the pod does not exist', async () => {
    const { streams, logs } = setUp();
    const { signal } = new AbortController();
    const reading = logs.read(pod(), signal);
    streams[0]?.push('one');
    streams[0]?.end();
    expect(await reading).toEqual(['one']);
    const late = logs.read(pod(), signal);
    streams[1]?.end(broken(404));
    expect(await late).toEqual([]);
    const unlucky = logs.read(pod(), signal);
    streams[2]?.end(broken(500));
    await expect(unlucky).rejects.toThrow('broken');
  });
});

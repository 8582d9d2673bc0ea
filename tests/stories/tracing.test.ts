import { trace } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { secrets } from '../../api/kubernetes/core.ts';
import { replicationSources } from '../../api/volsync/v1alpha1.ts';
import { annotations } from '../../api/datamover/v1alpha1/keys.ts';
import { ControllerHarness } from '../fakes/cluster/controller-harness.ts';

const exporter = new InMemorySpanExporter();
const TRACE = 'a'.repeat(32);
const SPAN = 'b'.repeat(16);

let harness: ControllerHarness;

beforeAll(() => {
  // As a user does to get traces.
  trace.setGlobalTracerProvider(
    new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }),
  );
});

afterAll(() => trace.disable());

beforeEach(async () => {
  exporter.reset();
  harness = new ControllerHarness();
  await harness.addSource('data', 'precious');
});

afterEach(() => harness.stop());

const ended = () => harness.backup()?.status?.completionTimestamp !== undefined;

/** As the plugin creates it. */
function addTracedBackup(): void {
  harness.addBackup('b1', ({ metadata }) => {
    metadata.annotations = { [annotations.traceparent]: `00-${TRACE}-${SPAN}-01` };
  });
}

describe('the trace of a request', () => {
  it('continues what the plugin began, with a span per step inside the one of the request', async () => {
    await harness.start();
    addTracedBackup();
    await harness.until(ended);
    const spans = exporter.getFinishedSpans();
    expect(new Set(spans.map((span) => span.spanContext().traceId))).toEqual(new Set([TRACE]));
    const whole = spans.find(({ name }) => name === 'DataMoverBackup');
    expect(whole?.parentSpanContext?.spanId).toBe(SPAN);
    expect(whole?.attributes).toMatchObject({
      'datamover.request.uid': harness.backup()?.metadata.uid,
      'datamover.class': 'volsync',
      'datamover.phase': 'Completed',
    });
    const steps = spans.filter((span) => span !== whole);
    expect(steps.map(({ name }) => name)).toEqual(['Captured', 'Admitted', 'Staged', 'Moved', 'CleanedUp']);
    for (const { parentSpanContext, startTime, endTime } of steps) {
      expect(parentSpanContext?.spanId).toBe(whole?.spanContext().spanId);
      expect(millis(startTime)).toBeGreaterThanOrEqual(millis(whole!.startTime));
      expect(millis(endTime)).toBeLessThanOrEqual(millis(whole!.endTime));
    }
    expect(millis(whole!.endTime)).toBe(Date.parse(harness.backup()?.status?.completionTimestamp ?? ''));
  });

  it('is complete after a restart during the request, and exported once', async () => {
    harness.cluster.hold('volsync');
    await harness.start();
    addTracedBackup();
    await harness.until(() => harness.backup()?.status?.phase === 'Moving');
    await harness.stop();
    expect(exporter.getFinishedSpans()).toEqual([]);
    await harness.start();
    harness.cluster.release('volsync');
    await harness.until(ended);
    expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual([
      'Captured',
      'Admitted',
      'Staged',
      'Moved',
      'CleanedUp',
      'DataMoverBackup',
    ]);
  });

  it('contains the reason why the request failed', async () => {
    await harness.start();
    harness.addBackup('b1', ({ spec }) => {
      spec.dataSourceRef.name = 'nowhere';
    });
    await harness.until(ended);
    const whole = exporter.getFinishedSpans().find(({ name }) => name === 'DataMoverBackup');
    expect(whole?.status.message).toMatch(/^SourceNotFound: .*nowhere/);
    // No other span continues it, so it has a trace of its own.
    expect(whole?.spanContext().traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(whole?.spanContext().traceId).not.toBe(TRACE);
  });

  it('is carried to what the mover works on', async () => {
    harness.cluster.hold('volsync');
    await harness.start();
    addTracedBackup();
    await harness.until(() => harness.kube.peekAll(replicationSources).length > 0);
    const carried = [...harness.kube.peekAll(replicationSources), ...harness.kube.peekAll(secrets)]
      .map(({ metadata }) => metadata.annotations?.[annotations.traceparent])
      .filter((text) => text !== undefined);
    expect(carried).toEqual([`00-${TRACE}-${SPAN}-01`, `00-${TRACE}-${SPAN}-01`]);
  });
});

function millis([seconds, nanos]: [number, number]): number {
  return seconds * 1000 + nanos / 1e6;
}

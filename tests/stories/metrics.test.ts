import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { jobs, pods } from '../../api/kubernetes/core.ts';
import { knownMetrics } from '../../hack/gen/metric-table.ts';
import { createHealthServer, type HealthServer } from '../../telemetry/health-server.ts';
import { ControllerHarness } from '../fakes/cluster/controller-harness.ts';

let harness: ControllerHarness;
let server: HealthServer;

beforeEach(async () => {
  harness = new ControllerHarness();
  server = createHealthServer({ port: 0, scrape: () => harness.metrics.scrape() });
  await harness.addSource('data', 'precious');
  await harness.start();
});

afterEach(async () => {
  await harness.stop();
  await server.close();
});

/** Returns what Prometheus would scrape, one sample per line. */
async function scrape(): Promise<string[]> {
  const port = await server.start();
  const text = await (await fetch(`http://127.0.0.1:${String(port)}/metrics`)).text();
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

const ended = (name: string) => () => harness.backup(name)?.status?.completionTimestamp !== undefined;

describe('metrics', () => {
  it('report bytes, steps, ends and failures by class, without object names', async () => {
    harness.addBackup('b1');
    await harness.until(ended('b1'));
    harness.addBackup('b2', ({ spec }) => {
      spec.dataSourceRef.name = 'nowhere';
    });
    harness.addBackup('b3', ({ spec }) => {
      spec.dataMoverClass = 'made-up-by-a-tenant';
    });
    await harness.until(ended('b2'));
    await harness.until(ended('b3'));

    const of = 'kind="DataMoverBackup",class="volsync"';
    const samples = await scrape();
    const bytes = harness.backup()?.status?.result?.bytes;
    expect(samples).toEqual(
      expect.arrayContaining([
        `datamover_moved_bytes_total{${of}} ${String(bytes)}`,
        `datamover_request_duration_seconds_count{${of},phase="Completed"} 1`,
        `datamover_request_duration_seconds_count{${of},phase="Failed"} 1`,
        `datamover_request_failures_total{${of},reason="SourceNotFound"} 1`,
        'datamover_request_failures_total{kind="DataMoverBackup",class="",reason="ClassNotFound"} 1',
        ...['Captured', 'Admitted', 'Staged', 'Moved'].map(
          (step) => `datamover_step_duration_seconds_count{${of},step="${step}"} 1`,
        ),
      ]),
    );
    // No request is active any more.
    expect(samples.filter((line) => /^datamover_(requests|oldest)/.test(line))).toEqual([]);
    for (const name of ['b1', 'data', 'app', 'nowhere', 'made-up-by-a-tenant'])
      expect(samples.filter((line) => line.includes(`"${name}"`))).toEqual([]);
  });

  it('count the bytes of a restore once, although a Job handles the files again after VolSync', async () => {
    harness.addClass();
    const [source] = harness.addRepository('precious');
    harness.addDestination();
    const again = {
      message_type: 'status',
      total_files: 3,
      files_skipped: 1,
      total_bytes: 8,
      bytes_skipped: 2,
    };
    harness.cluster.state.metadataRestore = () => ({ end: 'running', lines: [JSON.stringify(again)] });
    harness.addRestore('r1', (one) => Object.assign(one.spec, { source }));
    await harness.until(
      () => harness.restore()?.status?.message?.includes('what VolSync does not set') === true,
    );
    await harness.advance(1_000);
    expect(harness.restore()?.status?.progress).toBeUndefined();

    const [job] = harness.kube.peekAll(jobs).filter(({ metadata }) => metadata.name.endsWith('-metadata'));
    harness.kube.remove(pods, { namespace: 'velero', name: `${job!.metadata.name}-pod` });
    harness.kube.edit(jobs, { namespace: 'velero', name: job!.metadata.name }, (one) => {
      one.status = { succeeded: 1 };
    });
    await harness.until(() => harness.restore()?.status?.completionTimestamp !== undefined);
    expect(harness.restore()?.status).toMatchObject({ phase: 'Completed', progress: { bytesDone: 8 } });
    const of = 'kind="DataMoverRestore",class="volsync"';
    expect(await scrape()).toContain(`datamover_moved_bytes_total{${of}} 8`);
  });

  it('report active requests and the wait of the oldest queued one, even after a restart', async () => {
    harness.addClass(({ spec }) => {
      spec.limits = { ...spec.limits, backups: 1, restores: 1, deletes: 1, prunes: 1 };
    });
    await harness.addSource('other', 'as precious');
    harness.cluster.state.script = () => ({ end: 'running', lines: [] });
    harness.addBackup('b1');
    await harness.until(() => harness.backup()?.status?.phase === 'Moving');
    harness.addBackup('b2', ({ spec }) => {
      spec.dataSourceRef.name = 'other';
    });
    await harness.until(() => harness.backup('b2')?.status?.phase === 'Queued');
    await harness.stop();
    await harness.start();
    await harness.advance(60_000);
    const samples = await scrape();
    const of = 'kind="DataMoverBackup",class="volsync"';
    expect(samples).toEqual(
      expect.arrayContaining([
        `datamover_requests{${of},phase="Moving"} 1`,
        `datamover_requests{${of},phase="Queued"} 1`,
      ]),
    );
    const oldest = samples.find((line) => line.startsWith(`datamover_oldest_waiting_seconds{${of}} `));
    expect(Number(oldest?.split(' ')[1])).toBeGreaterThanOrEqual(60);
  });

  it('follow the naming rules of Prometheus, and no label has values that a tenant can choose', () => {
    for (const { name, kind, labels = [] } of knownMetrics()) {
      expect(name).toMatch(/^(datamover|workqueue)(_[a-z]+)+$/);
      expect(name.endsWith('_total')).toBe(kind === 'counter');
      expect(['kind', 'class', 'phase', 'step', 'reason', 'controller', 'result', 'name']).toEqual(
        expect.arrayContaining([...labels]),
      );
      // The label "name" is client-go's name for the queue.
      if (labels.includes('name')) expect(name).toMatch(/^workqueue_/);
    }
  });
});

import { globSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { namespaces } from '../../api/external/core.ts';
import { dataMoverClasses, dataMoverDeletes } from '../../api/v1alpha1/kinds.ts';
import { createDataMover } from '../../controller/data-mover.ts';
import { toolFolders } from '../../hack/cluster/tools.ts';
import { createInformerSet } from '../../kube/cache/informer-set.ts';
import { createKubeClient } from '../../kube/client/http-kube-client.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { createLeaderElector } from '../../kube/runtime/leader-election.ts';
import { silentLogger } from '../../telemetry/log.ts';
import { classOf, deleteOf, patientMover, VELERO } from '../load/load.ts';
import { countWork, type Counter, type Tally } from '../load/tally.ts';
import { startControlPlane, type ControlPlane } from './control-plane.ts';
import { installCrds, type Crd } from './install-crds.ts';
import { eventually } from './widgets.ts';

/**
 * What a request costs on a real API server must not depend on how many there are. `LOAD=10000` tries that many; by default the
 * largest number is one that two cores get through in a minute.
 */

const MOST = Number(process.env['LOAD'] ?? 300);
const AT_ONCE = 10;
/** For any machine: it is counts that are compared. */
const LIMIT_MS = 600_000;

let plane: ControlPlane;
let client: KubeClient;

beforeAll(async () => {
  plane = await startControlPlane();
  client = createKubeClient(plane.config, { fieldManager: 'test', maxConnections: 20 });
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'datamover');
  const files = globSync(
    join(toolFolders(cache)['external-snapshotter'], 'crds/snapshot.storage.k8s.io_*.yaml'),
  );
  await installCrds(
    client,
    files.map((file) => parse(readFileSync(file, 'utf8')) as Crd),
  );
  await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: VELERO } });
  await client.create(dataMoverClasses, classOf('load', AT_ONCE));
}, LIMIT_MS);

afterAll(async () => {
  await client.close();
  await plane.stop();
});

/** Makes these requests, some side by side. */
async function makeDeletes(from: number, to: number): Promise<void> {
  let next = from;
  const maker = async (): Promise<void> => {
    for (let index = next++; index < to; index = next++)
      await client.create(dataMoverDeletes, deleteOf(index, 'load'));
  };
  await Promise.all(Array.from({ length: 20 }, maker));
}

/** A controller with its lease, whose work is counted. */
function startController(counter: Counter) {
  const stop = new AbortController();
  const own = createKubeClient(plane.config, { fieldManager: 'controller', maxConnections: 10 });
  const leaseClient = createKubeClient(plane.config, { fieldManager: 'controller', maxConnections: 1 });
  const counted = counter.client(own);
  const informers = createInformerSet({ client: counted });
  let completed = 0;
  informers.informer(dataMoverDeletes, { namespace: VELERO }).onChange((before, after) => {
    if (after?.status?.phase === 'Completed' && before?.status?.phase !== 'Completed') completed++;
  });
  const { controllers } = createDataMover({
    client: counted,
    informers: counter.informers(informers),
    namespace: VELERO,
    clusterName: 'c1',
    movers: [() => patientMover],
    reporter: { report: () => undefined },
    log: silentLogger,
  });
  const elector = createLeaderElector({
    client: leaseClient,
    lease: { namespace: VELERO, name: 'load' },
    identity: `controller-${String(Math.random())}`,
    log: silentLogger,
  });
  const lead = async (): Promise<void> => {
    await informers.waitForSync({ timeoutMs: LIMIT_MS, signal: stop.signal });
    await elector.run(stop.signal, async (signal) => {
      await Promise.all(controllers.map((one) => one.run(signal)));
    });
  };
  let lost: unknown;
  const leading = lead().catch((error: unknown) => {
    if (!stop.signal.aborted) lost = error;
  });
  const mirroring = informers.run(stop.signal);
  return {
    completed: (): number => completed,
    lost: (): unknown => lost,
    async stop(): Promise<void> {
      stop.abort();
      await Promise.all([leading, mirroring]);
      await Promise.all([own.close(), leaseClient.close()]);
      counter.stop();
    },
  };
}

async function runThrough(from: number, to: number): Promise<Tally> {
  await makeDeletes(from, to);
  const counter = countWork();
  const controller = startController(counter);
  await eventually(() => Promise.resolve(controller.completed() >= to), LIMIT_MS);
  const tally = counter.take();
  expect(controller.lost()).toBeUndefined();
  await controller.stop();
  return tally;
}

describe('requests on a real API server, with a mover that is done at once', () => {
  it(
    'cost the same whatever their number, and the lease is kept throughout',
    async () => {
      const few = 100;
      const small = await runThrough(0, few);
      // The restart finds these, and as many that have ended as there were before.
      const large = await runThrough(few, few + MOST);
      const perRequest = (tally: Tally, count: number) => ({
        writes: tally.writes / count,
        requests: tally.requests / count,
        looked: tally.looked / count,
        longestTurn: tally.longestTurn,
      });
      const [a, b] = [perRequest(small, few), perRequest(large, MOST)];
      process.stdout.write(`${String(few)}: ${JSON.stringify(a)}\n${String(MOST)}: ${JSON.stringify(b)}\n`);
      expect(b.writes).toBeLessThanOrEqual(12);
      expect(b.requests).toBeLessThanOrEqual(14);
      expect(b.looked).toBeLessThanOrEqual(200);
      expect(b.longestTurn).toBeLessThanOrEqual(3_000);
    },
    LIMIT_MS * 2,
  );
});

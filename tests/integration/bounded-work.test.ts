import { globSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { namespaces } from '../../api/kubernetes/core.ts';
import { apiVersionOf, type Key } from '../../api/kubernetes/meta.ts';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import { dataMoverBackups, dataMoverClasses, dataMoverDeletes } from '../../api/datamover/v1alpha1/kinds.ts';
import { isFinal } from '../../lifecycle/request-status.ts';
import { LONGEST_SLEEP_MS } from '../../lifecycle/request/step.ts';
import { toolFolders } from '../../hack/cluster/tools.ts';
import type { Informer } from '../../kube/cache/shared-informer.ts';
import { createKubeClient } from '../../kube/client/http-kube-client.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { leases } from '../../kube/runtime/lease.ts';
import { backupIn, classOf, deleteOf, VELERO } from '../load/load.ts';
import { sumOf, type Tally } from '../load/tally.ts';
import { startControlPlane, type ControlPlane } from './control-plane.ts';
import { installCrds, type Crd } from './install-crds.ts';
import { CONTROLLER, startLoaded, type LoadedController } from './loaded-controller.ts';
import { eventually } from './widgets.ts';

/**
 * The cost of a request on a real API server must not depend on the number of requests. `LOAD=10000` runs that many. The default
 * is large enough that one read of each request would exceed the limits below.
 */

const FEW = 100;
const MANY = Number(process.env['LOAD'] ?? 1_000);
const RUNNING = 10;
const ENDS = 10;
/** Units of work, as in tests/load. */
const LONGEST_TURN = 4_000;
/** Reads in one pass of a request that waits in the queue. */
const LOOKS_PER_PASS = 70;
/** Long enough for any machine: the test compares counts. */
const LIMIT_MS = 1_800_000;

let plane: ControlPlane;
let admin: KubeClient;
/** Writes what a previous controller has left behind. */
let former: KubeClient;
let controller: LoadedController | undefined;

beforeAll(async () => {
  plane = await startControlPlane();
  admin = createKubeClient(plane.config, { fieldManager: 'admin', maxConnections: 20 });
  former = createKubeClient(plane.config, { fieldManager: CONTROLLER, maxConnections: 20 });
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'datamover');
  const files = globSync(
    join(toolFolders(cache)['external-snapshotter'], 'crds/snapshot.storage.k8s.io_*.yaml'),
  );
  await installCrds(
    admin,
    files.map((file) => parse(readFileSync(file, 'utf8')) as Crd),
  );
  for (const name of [VELERO, 'app'])
    await admin.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  await admin.create(dataMoverClasses, classOf('load', RUNNING));
}, LIMIT_MS);

afterEach(() => controller?.stop());

afterAll(async () => {
  await Promise.all([admin.close(), former.close()]);
  await plane.stop();
});

/** Calls `act` for each number, some in parallel. */
async function forEach(from: number, to: number, act: (index: number) => Promise<unknown>): Promise<void> {
  let next = from;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < to; index = next++) await act(index);
  };
  await Promise.all(Array.from({ length: 20 }, worker));
}

const makeDeletes = (from: number, to: number): Promise<void> =>
  forEach(from, to, (index) => admin.create(dataMoverDeletes, deleteOf(index, 'load')));

/** Creates a backup that a previous controller has brought to this phase. */
async function makeBackup(phase: 'Queued' | 'Moving' | 'Completed', index: number): Promise<void> {
  const { apiVersion, kind, metadata, spec, status } = backupIn(phase, index, Date.now());
  const { namespace = '', name, finalizers = [] } = metadata;
  await former.create(dataMoverBackups, {
    apiVersion,
    kind,
    metadata: { namespace, name, finalizers },
    spec,
  });
  await setStatus({ namespace, name }, status);
}

async function setStatus(metadata: Required<Key>, status: DataMoverBackup['status']): Promise<void> {
  const object = {
    apiVersion: apiVersionOf(dataMoverBackups),
    kind: dataMoverBackups.kind,
    metadata,
    status,
  };
  await former.applyStatus(dataMoverBackups, object as DataMoverBackup);
}

function per(count: number, tally: Tally): Tally {
  const { writes, requests, looked, longestTurn } = tally;
  return { writes: writes / count, requests: requests / count, looked: looked / count, longestTurn };
}

const note = (what: string, tally: Tally): void =>
  void process.stdout.write(`${String(MANY)}: ${what}: ${JSON.stringify(tally)}\n`);

/** Returns the work since the last call, after nothing is left to do. Calls may be pending at any single check. */
async function restOf(started: LoadedController): Promise<Tally> {
  const tallies: Tally[] = [];
  let calm = 0;
  await eventually(() => {
    const tally = started.take();
    tallies.push(tally);
    calm = tally.requests + tally.looked === 0 ? calm + 1 : 0;
    return calm === 20;
  }, LIMIT_MS);
  return sumOf(tallies);
}

/** Expects that the controller has led all the time, and that it still renews its lease. */
async function expectLeading(leader: LoadedController): Promise<void> {
  const before = leader.renewals();
  await eventually(() => leader.renewals() > before || leader.failure() !== undefined, LIMIT_MS);
  expect(leader.failure()).toBeUndefined();
  expect(leader.missed).toEqual([]);
}

/** Returns the holder of the lease, and the number of its transitions. */
async function holder(): Promise<[string | null | undefined, number | undefined]> {
  const lease = await admin.get(leases, { namespace: VELERO, name: CONTROLLER });
  return [lease?.spec?.holderIdentity, lease?.spec?.leaseTransitions];
}

/** Runs a controller until so many deletes are completed. */
async function removeUntil(to: number): Promise<Tally> {
  const completed = new Set<string>();
  const started = startLoaded(plane.config, (informers) => {
    informers.informer(dataMoverDeletes, { namespace: VELERO }).onChange((_, after) => {
      if (after?.status?.phase === 'Completed') completed.add(after.metadata.name);
    });
  });
  controller = started;
  await eventually(() => completed.size >= to || started.failure() !== undefined, LIMIT_MS);
  const tally = await restOf(started);
  await expectLeading(started);
  await started.stop();
  return tally;
}

/** Returns the maximum number of reads by requests in the queue that are reconciled because of their poll interval. */
function looksBySleep(elapsedMs: number): number {
  return (MANY * LOOKS_PER_PASS * elapsedMs) / LONGEST_SLEEP_MS;
}

const isMoving = ({ status }: DataMoverBackup): boolean =>
  !isFinal(status?.phase) && status?.admittedAt !== undefined;

describe('requests on a real API server', () => {
  it(
    'cause the same work per request in any number, with a mover that finishes at once',
    async () => {
      await makeDeletes(0, FEW);
      const few = per(FEW, await removeUntil(FEW));
      // This run finds the ones that have ended.
      await makeDeletes(FEW, FEW + MANY);
      const many = per(MANY, await removeUntil(FEW + MANY));
      note(`${String(FEW)} removals, each`, few);
      note(`${String(MANY)} removals, each`, many);
      for (const each of [few, many]) {
        expect(each.writes).toBeLessThanOrEqual(12);
        expect(each.requests).toBeLessThanOrEqual(14);
        expect(each.looked).toBeLessThanOrEqual(200);
        expect(each.longestTurn).toBeLessThanOrEqual(LONGEST_TURN);
      }
    },
    LIMIT_MS,
  );

  it(
    'are taken over by a restart that renews its lease throughout, as many in the queue as have ended',
    async () => {
      await forEach(0, RUNNING, (index) => makeBackup('Moving', index));
      await forEach(RUNNING, RUNNING + MANY, (index) => makeBackup('Queued', index));
      await forEach(RUNNING + MANY, RUNNING + 2 * MANY, (index) => makeBackup('Completed', index));
      let backups!: Informer<DataMoverBackup>;
      /** Those that were reconciled. */
      const known = new Set<string>();
      const started = startLoaded(plane.config, (informers) => {
        // An informer of its own: the controller reads backups from another one.
        backups = informers.informer(dataMoverBackups, { namespace: 'app' });
        backups.onChange((_, after) => {
          if (after?.status?.queue !== undefined) known.add(after.metadata.name);
        });
      });
      controller = started;
      const until = (isSo: () => boolean): Promise<void> =>
        eventually(() => isSo() || started.failure() !== undefined, LIMIT_MS);

      await until(() => started.renewals() > 0);
      const first = await holder();
      await until(() => known.size >= MANY);
      const restart = per(MANY, await restOf(started));
      await expectLeading(started);
      note('restart, each', restart);
      expect(restart.writes).toBeLessThanOrEqual(3);
      expect(restart.requests).toBeLessThanOrEqual(4);
      expect(restart.looked).toBeLessThanOrEqual(100);
      expect(restart.longestTurn).toBeLessThanOrEqual(LONGEST_TURN);

      const endsSince = performance.now();
      for (let count = 0; count < ENDS; count++) {
        const [moving] = backups.store.list().filter(isMoving);
        const { namespace = '', name = '' } = moving?.metadata ?? {};
        const completionTimestamp = new Date().toISOString();
        await setStatus({ namespace, name }, { ...moving?.status, phase: 'Completed', completionTimestamp });
        await until(() => {
          const all = backups.store.list();
          expect(all.filter(({ status }) => status?.failure !== undefined)).toEqual([]);
          const over = all.filter(({ metadata: { finalizers = [] } }) => finalizers.length === 0);
          return over.length === MANY + count + 1 && all.filter(isMoving).length === RUNNING;
        });
      }
      const ends = per(ENDS, await restOf(started));
      note('ends, each', ends);
      await expectLeading(started);
      expect(ends.writes).toBeLessThanOrEqual(20);
      expect(ends.requests).toBeLessThanOrEqual(25);
      // One read of each request in the queue would exceed it.
      expect(ends.looked).toBeLessThanOrEqual(200 + looksBySleep(performance.now() - endsSince) / ENDS);
      expect(ends.longestTurn).toBeLessThanOrEqual(LONGEST_TURN);
      expect(await holder()).toEqual(first);
    },
    LIMIT_MS,
  );
});

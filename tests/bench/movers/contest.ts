import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { namespaces, persistentVolumeClaims } from '../../../api/kubernetes/core.ts';
import { apiVersionOf } from '../../../api/kubernetes/meta.ts';
import type { DataMoverBackup } from '../../../api/datamover/v1alpha1/data-mover-backup.ts';
import { dataMoverClasses } from '../../../api/datamover/v1alpha1/kinds.ts';
import type { Progress } from '../../../hack/cluster/index.ts';
import { run } from '../../../hack/cluster/exec.ts';
import type { Place } from '../../e2e/support/app.ts';
import type { TestCluster } from '../../e2e/support/cluster.ts';
import { untilGone } from '../../e2e/support/wait.ts';
import { removalOf } from './moments.ts';
import { plainRestic, repositoryOf, secondsOf } from './plain.ts';
import { backUp, makeVolume, restore } from './requests.ts';
import { PLAIN, type Measured } from './table.ts';
import type { Load } from './volumes.ts';

type Result = Omit<Measured, 'load' | 'what' | 'by'>;

/** A party that moves data. */
interface Contestant {
  by: string;
  backUp(name: string): Promise<Result>;
  /** Restores the last backup. */
  restore(): Promise<Result>;
}

/** The environment of a contest; `name` is unique per round and load. */
export interface Ground {
  test: TestCluster;
  progress: Progress;
  name: string;
  movers: readonly string[];
}

/**
 * Measures a first backup, another one after one percent has changed, and a restore of the second, by each contestant in turn.
 */
export async function contest(ground: Ground, load: Load): Promise<Measured[]> {
  const { test, progress, name } = ground;
  const source = { namespace: `bench-${name}`, name: 'data' };
  const scratch = join(test.cluster.config.dir, 'bench');
  mkdirSync(scratch, { recursive: true });
  await test.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: source.namespace } });
  const folder = await makeVolume(test, source, load.size);
  await progress.step(`fill a volume: ${load.name}`, () => load.fill(folder));
  const all = [
    await byHand(ground, folder, scratch),
    ...(await Promise.all(ground.movers.map((mover) => byMover(ground, mover, source, load)))),
  ];

  const measured: Measured[] = [];
  const measure = async (what: string, act: (one: Contestant) => Promise<Result>): Promise<void> => {
    for (const one of all) {
      // Data of the previous contestant that is not on disk yet would slow this one down.
      await run('sync', []);
      await progress.step(`${load.name}, ${what}, ${one.by}`, async (note) => {
        const result = await act(one);
        measured.push({ load: load.name, what, by: one.by, ...result });
        note(describe(result));
      });
    }
  };
  await measure('first backup', (one) => one.backUp('first'));
  await progress.step('change one percent', () => load.change(folder));
  await measure('backup of 1 % changed', (one) => one.backUp('second'));
  await measure('restore', (one) => one.restore());

  await progress.step('clean up', async () => {
    rmSync(scratch, { recursive: true, force: true });
    await test.kube.delete(namespaces, { name: source.namespace });
    await untilGone(test.kube, namespaces, { name: source.namespace });
  });
  return measured;
}

/** Returns restic itself as a contestant; it works on the volume's folder. */
async function byHand({ test, name }: Ground, folder: string, scratch: string): Promise<Contestant> {
  const path = `${name}/plain`;
  const plain = await plainRestic(test.cluster, path, mkdtempSync(join(scratch, 'cache-')));
  let last = '';
  return {
    by: PLAIN,
    async backUp() {
      const seconds = await secondsFor(async () => (last = await plain.backUp(folder)));
      return { seconds, transfer: await secondsOf(test.cluster, path, last) };
    },
    async restore() {
      const target = mkdtempSync(join(scratch, 'restored-'));
      return { seconds: await secondsFor(() => plain.restore(last, target)) };
    },
  };
}

/** Returns a mover as a contestant, with a class and repositories of its own. */
async function byMover(
  { test, name: ground }: Ground,
  mover: string,
  source: Place,
  load: Load,
): Promise<Contestant> {
  const { cluster, namespace, apply, kube } = test;
  const name = `bench-${mover.toLowerCase()}-${ground}`;
  const path = `${ground}/${mover}`;
  await apply(
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace, name },
      stringData: repositoryOf(cluster, path),
    },
    {
      apiVersion: apiVersionOf(dataMoverClasses),
      kind: dataMoverClasses.kind,
      metadata: { name },
      spec: { mover, config: { resticSecret: { name }, resticImage: cluster.images.volsyncRestic } },
    },
  );
  let last: DataMoverBackup | undefined;
  return {
    by: mover,
    async backUp(backup) {
      const { object, seconds, phases, moments } = await backUp(
        test,
        source,
        `${backup}-${mover.toLowerCase()}`,
        name,
      );
      last = object;
      const { repository = '', snapshotID = '' } = object.status?.result ?? {};
      const transfer = await secondsOf(cluster, `${path}/${repository}`, snapshotID);
      const { Capturing = 0, Staging = 0 } = phases;
      return { seconds, transfer, moments, driver: Capturing + Staging + removalOf(moments) };
    },
    async restore() {
      if (last === undefined) throw new Error(`${mover} has saved nothing`);
      const { seconds, phases, moments, object } = await restore(test, last, load.size);
      await kube.delete(persistentVolumeClaims, object.metadata);
      return { seconds, moments, driver: phases['Staging'] ?? 0 };
    },
  };
}

async function secondsFor(act: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await act();
  return (performance.now() - begun) / 1000;
}

function describe({ seconds, transfer, driver }: Result): string {
  const parts = [
    `${seconds.toFixed(1)} s`,
    transfer === undefined ? '' : `restic itself ${transfer.toFixed(1)} s`,
    driver === undefined ? '' : `the storage driver ${driver.toFixed(1)} s`,
  ];
  return parts.filter(Boolean).join(', ');
}

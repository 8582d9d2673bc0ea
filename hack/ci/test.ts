/**
 * `node hack/ci/test.ts <kind of test> [arguments of jest]`.
 *
 * e2e tells the stories that share a cluster, then those that want it for themselves, and asks the API server what it has noted of both.
 * `E2E_CLUSTER` and `E2E_KEEP` leave clusters as they are, before and after.
 */
import { join } from 'node:path';
import { createProgress, loadCluster } from '../cluster/index.ts';
import { runJest } from './jest.ts';
import { runStages, type Stage } from './stages.ts';

const SEQUENCER = join(import.meta.dirname, 'story-sequencer.js');

/** Those of the stories, and the one that is lost in one of them. */
const CLUSTERS = ['datamover-e2e', 'datamover-lost'];

const [kind = 'unit', ...chosen] = process.argv.slice(2);
const interruption = new AbortController();
for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => interruption.abort());

const e2e: readonly Stage[] = [
  // Most of the time stories wait for Velero, so some run side by side.
  { name: 'e2e', args: ['--maxWorkers', '3', '--testSequencer', SEQUENCER, '--passWithNoTests'] },
  { name: 'e2e-alone', args: ['--runInBand', '--passWithNoTests'] },
  // A choice of stories says nothing about what all of them need.
  ...(chosen.length === 0 ? [{ name: 'e2e-audit', args: [] }] : []),
];

async function clean(): Promise<void> {
  const keep = [process.env['E2E_CLUSTER'], process.env['E2E_KEEP']].some((value) => value);
  if (kind !== 'e2e' || keep) return;
  for (const name of CLUSTERS) await loadCluster({ name }).down(createProgress(process.stdout));
}

/** jest leaves one core to others, which is half of a small machine. */
const unit: Stage = { name: 'unit', args: ['--maxWorkers', '100%'] };

const stages: Readonly<Record<string, readonly Stage[]>> = { unit: [unit], e2e };

process.exitCode = await runStages(stages[kind] ?? [{ name: kind, args: [] }], {
  clean,
  run: ({ name, args }) => runJest(name, [...args, ...chosen], interruption.signal),
  signal: interruption.signal,
});

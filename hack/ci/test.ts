/**
 * Usage: `node hack/ci/test.ts <kind of test> [jest arguments]`.
 *
 * e2e runs the tests that share a cluster, then those that need the cluster alone, then checks the audit log of the API server
 * for both. With `E2E_CLUSTER` or `E2E_KEEP` set, clusters are deleted neither before nor after.
 */
import { join } from 'node:path';
import { createProgress, loadCluster } from '../cluster/index.ts';
import { runJest } from './jest.ts';
import { runStages, type Stage } from './stages.ts';

const SEQUENCER = join(import.meta.dirname, 'story-sequencer.js');

/** The cluster of the e2e tests, and the one that a test loses. */
const CLUSTERS = ['datamover-e2e', 'datamover-lost'];

const [kind = 'unit', ...chosen] = process.argv.slice(2);
const interruption = new AbortController();
for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => interruption.abort());

const e2e: readonly Stage[] = [
  // These tests mostly wait for Velero, so three run at a time.
  { name: 'e2e', args: ['--maxWorkers', '3', '--testSequencer', SEQUENCER, '--passWithNoTests'] },
  { name: 'e2e-alone', args: ['--runInBand', '--passWithNoTests'] },
  // The rights that all tests need can be checked only if all tests run.
  ...(chosen.length === 0 ? [{ name: 'e2e-audit', args: [] }] : []),
];

async function clean(): Promise<void> {
  const keep = [process.env['E2E_CLUSTER'], process.env['E2E_KEEP']].some((value) => value);
  if (kind !== 'e2e' || keep) return;
  for (const name of CLUSTERS) await loadCluster({ name }).down(createProgress(process.stdout));
}

/** By default jest leaves one core idle, which is half of a small machine. */
const unit: Stage = { name: 'unit', args: ['--maxWorkers', '100%'] };

const stages: Readonly<Record<string, readonly Stage[]>> = { unit: [unit], e2e };

process.exitCode = await runStages(stages[kind] ?? [{ name: kind, args: [] }], {
  clean,
  run: ({ name, args }) => runJest(name, [...args, ...chosen], interruption.signal),
  signal: interruption.signal,
});

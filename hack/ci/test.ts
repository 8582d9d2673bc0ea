/**
 * Usage: `node hack/ci/test.ts <kind of test> [jest arguments]`.
 *
 * e2e runs the tests that share a cluster and, at the same time, those that need a cluster alone, each in its own; then it checks
 * the audit logs of both API servers. With `E2E_CLUSTER` or `E2E_KEEP` set, clusters are deleted neither before nor after.
 */
import { join } from 'node:path';
import { createProgress, loadCluster } from '../cluster/index.ts';
import { runJest } from './jest.ts';
import { runStages, type Stage } from './stages.ts';

const SEQUENCER = join(import.meta.dirname, 'sequencer.js');

const [kind = 'unit', ...chosen] = process.argv.slice(2);
const interruption = new AbortController();
for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => interruption.abort());

const { E2E_CLUSTER = '', E2E_KEEP = '' } = process.env;
const shared = E2E_CLUSTER === '' ? 'datamover-e2e' : E2E_CLUSTER;
const alone = `${shared}-alone`;
/** Two clusters of the e2e tests, and the one that a test loses. */
const CLUSTERS = [shared, alone, 'datamover-lost'];

const e2e: readonly (readonly Stage[])[] = [
  [
    // These tests mostly wait for Velero, so two run at a time beside those that need a cluster alone.
    {
      name: 'e2e',
      args: ['--maxWorkers', '2', '--testSequencer', SEQUENCER, '--passWithNoTests'],
      env: { E2E_CLUSTER: shared },
    },
    { name: 'e2e-alone', args: ['--runInBand', '--passWithNoTests'], env: { E2E_CLUSTER: alone } },
  ],
  // The rights that all tests need can be checked only if all tests run.
  ...(chosen.length === 0
    ? [[{ name: 'e2e-audit', args: [], env: { E2E_AUDITED: `${shared} ${alone}` } }]]
    : []),
];

async function clean(): Promise<void> {
  if (kind !== 'e2e' || E2E_CLUSTER !== '' || E2E_KEEP !== '') return;
  for (const name of CLUSTERS) await loadCluster({ name }).down(createProgress(process.stdout));
}

/** By default jest leaves one core idle, which is half of a small machine. */
const others: readonly (readonly Stage[])[] = [
  [{ name: kind, args: ['--maxWorkers', '100%', '--testSequencer', SEQUENCER] }],
];

process.exitCode = await runStages(kind === 'e2e' ? e2e : others, {
  clean,
  run: (stage, position) =>
    runJest(
      { ...stage, args: [...stage.args, ...chosen] },
      { signal: interruption.signal, isBesideAnother: position > 0 },
    ),
  signal: interruption.signal,
});

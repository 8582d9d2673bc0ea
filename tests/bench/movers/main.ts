/**
 * Measures movers beside restic by hand: the same volumes, one run, on the embedded cluster, each with repositories of its own.
 * Writes the table into docs/performance.md. `--rounds 1 --keep-page` makes a quick run, `--movers Restic` selects one mover,
 * `--timeline` shows the time that does not depend on the amount of data.
 */
import { parseArgs } from 'node:util';
import { createProgress } from '../../../hack/cluster/index.ts';
import { connect, e2eCluster } from '../../e2e/support/cluster.ts';
import { noteMachine, writePage } from '../page.ts';
import { contest } from './contest.ts';
import { tableOf, type Measured } from './table.ts';
import { timelineOf } from './timeline.ts';
import { LOADS, TINY } from './volumes.ts';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    movers: { type: 'string', default: 'Restic,VolSync' },
    timeline: { type: 'boolean', default: false },
    'keep-page': { type: 'boolean', default: false },
    'keep-cluster': { type: 'boolean', default: false },
  },
});
const movers = options.movers.split(',');
const rounds = options.timeline ? 1 : Number(options.rounds);

process.env['E2E_CLUSTER'] ??= 'datamover-bench';
const cluster = e2eCluster();
const progress = createProgress(process.stdout);
try {
  await cluster.up(progress);
  const test = await connect();
  // Without it VolSync's movers may not read everything.
  const privileged = 'volsync.backube/privileged-movers=true';
  await test.kubectl(['annotate', '--overwrite', 'namespace', test.namespace, privileged]);
  const machine = noteMachine();
  const measured: Measured[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const [index, load] of (options.timeline ? [TINY] : LOADS).entries()) {
      const name = `${String(round)}-${String(index)}`;
      measured.push(...(await contest({ test, progress, name, movers }, load)));
    }
  }
  const how = options.timeline ? `one round of ${TINY.name}` : `medians of ${options.rounds} rounds`;
  const table = options.timeline ? timelineOf(measured) : tableOf(measured, movers);
  const block = `${machine(how)} (cluster, object store and restic among it).\n\n${table}`;
  console.log(`\n${block}`);
  if (!options['keep-page']) await writePage(options.timeline ? 'timeline' : 'movers', block);
  await test.close();
} finally {
  if (!options['keep-cluster']) await cluster.down(progress);
}

/**
 * Measures the built plugin beside one in Go with the same decisions, through Velero's own client code, and writes the table into
 * docs/performance.md. `--rounds 1 --keep-page` makes a quick run.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { pluginDir, pluginPath } from '../../contract/velero-host.ts';
import { noteMachine, writePage } from '../page.ts';
import { startFakeApi } from './fake-api.ts';
import { goPrograms, type GoPrograms } from './go-programs.ts';
import { CASES, LOAD, OBJECTS } from './plan.ts';
import { GO, OURS, tableOf, type Report } from './table.ts';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    starts: { type: 'string', default: '20' },
    'keep-page': { type: 'boolean', default: false },
  },
});

const programs = await goPrograms();
const api = await startFakeApi();
try {
  const machine = noteMachine();
  const report = await measure(programs, api.kubeconfig);
  const sizes = {
    go: statSync(join(programs.pluginDir, 'velero-plugin-in-go')).size,
    ours: statSync(pluginPath).size,
  };
  const how = `${options.rounds} rounds of ${options.starts} starts`;
  const block = `${machine(how)} (the driver and the API server among it).\n\n${tableOf(report, sizes)}`;
  console.log(`\n${block}`);
  if (!options['keep-page']) await writePage('measured', block);
} finally {
  api.stop();
}

async function measure({ driver, pluginDir: goDir }: GoPrograms, kubeconfig: string): Promise<Report> {
  const plan = {
    plugins: [
      { name: GO, dir: goDir },
      { name: OURS, dir: pluginDir },
    ],
    rounds: Number(options.rounds),
    starts: Number(options.starts),
    cases: CASES,
    load: LOAD,
    ...OBJECTS,
  };
  // Only the variables of a pod of Velero; extra CA bundles slow down each start of Node.js, which must not be measured.
  const env = {
    PATH: process.env.PATH,
    HOME: '/nonexistent',
    LD_LIBRARY_PATH: pluginDir,
    KUBECONFIG: kubeconfig,
  };
  const child = spawn(driver, ['server', '--features=', '--log-level=info'], {
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  child.stdin.end(JSON.stringify(plan));
  const report = json(child.stdout).catch(() => undefined);
  const [code] = (await ended) as [number | null];
  if (code !== 0) throw new Error(`the driver ended with code ${String(code)}`);
  return (await report) as Report;
}

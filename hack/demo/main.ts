import { loadCluster } from '../cluster/index.ts';
import { createProgress } from '../cluster/progress.ts';
import { settingsOf } from './config.ts';
import { runDemo } from './demo.ts';
import { exploreText, summaryText } from './summary.ts';

const USAGE = `usage: node hack/demo/main.ts up|down

  up     back up an application, lose it, bring it back, compare every file
  down   remove the cluster of the demo with all its data

settings (environment):
  DISASTER      what is lost: cluster (default) or namespace
  MOVER         who moves the data: restic (default) or volsync
  SIZE          MiB of random data, default 200
  CLUSTER_NAME  which embedded cluster, default "datamover"
`;

const print = (text: string): void => void process.stdout.write(`${text}\n`);

/** Runs the demo and prints its result. @returns whether all data was restored */
async function up(): Promise<boolean> {
  const settings = settingsOf(process.env);
  const cluster = loadCluster();
  const progress = createProgress(process.stdout);
  // A terminal shows the progress in place; otherwise each change is a line of its own.
  const plain = process.stdout.isTTY ? {} : { print };
  const facts = await runDemo({ cluster, progress, ...settings, ...plain });
  print(summaryText(facts));
  print(exploreText(facts, cluster.config.name));
  return facts.comparison.differences.length === 0;
}

async function down(): Promise<boolean> {
  await loadCluster().down(createProgress(process.stdout));
  return true;
}

async function main(command: string | undefined): Promise<number> {
  const run = { up, down }[command ?? ''];
  if (run === undefined) {
    process.stderr.write(USAGE);
    return 2;
  }
  try {
    return (await run()) ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

process.exitCode = await main(process.argv[2]);

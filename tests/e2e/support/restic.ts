import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Cluster } from '../../../hack/cluster/index.ts';
import { run } from '../../../hack/cluster/exec.ts';
import { waitUntil } from '../../../hack/cluster/wait.ts';
import { RESTIC_PASSWORD } from './setup.ts';

/** Runs restic by hand against the repository at a recorded path, and reads its JSON. `place` is the folder of all in S3. */
export async function restic<Answer>(
  cluster: Cluster,
  repositoryPath: string,
  args: readonly string[],
  place = placeIn(cluster),
): Promise<Answer> {
  const env = environment(cluster, repositoryPath, place);
  const said = await run(cluster.programs.restic, ['--json', '--no-lock', '--no-cache', ...args], { env });
  return JSON.parse(said) as Answer;
}

/** Uses a repository from elsewhere, as a restic does that saves something which does not come, until it is told to let go. */
export async function occupy(cluster: Cluster, repositoryPath: string): Promise<() => Promise<void>> {
  const env = { ...process.env, ...environment(cluster, repositoryPath) };
  const args = ['--no-cache', 'backup', '--stdin'];
  const child = spawn(cluster.programs.restic, args, { env, stdio: ['pipe', 'ignore', 'ignore'] });
  const over = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const locks = join(folderOf(cluster, repositoryPath), 'locks');
  await waitUntil('the repository to be in use', () => existsSync(locks) && readdirSync(locks).length > 0, {
    timeoutMs: 120_000,
  });
  return async () => {
    child.kill('SIGTERM');
    // restic looks for the signal only when it has something to read.
    child.stdin.end();
    await over;
  };
}

/** What the data of a repository takes in the bucket, in bytes. */
export function storedBytes(cluster: Cluster, repositoryPath: string): number {
  const folder = join(folderOf(cluster, repositoryPath), 'data');
  // A folder in which nothing is left is not there.
  if (!existsSync(folder)) return 0;
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

/** The files of a repository, and what else lies below its folder; none where that is not there. */
export function storedFiles(cluster: Cluster, repositoryPath: string): string[] {
  const folder = folderOf(cluster, repositoryPath);
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  return files.map(({ parentPath, name }) => relative(folder, join(parentPath, name))).sort();
}

/** Puts a file below the folder of a repository into the bucket. */
export function storeFile(cluster: Cluster, repositoryPath: string, name: string): void {
  const file = join(folderOf(cluster, repositoryPath), name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, 'of somebody else');
}

/** Where the classes of all stories have their repositories. */
function placeIn({ s3 }: Cluster): string {
  return `${s3.buckets.datamover}/restic`;
}

/** Where repositories lie whose secret holds a password only. */
export function placeBesideBackups({ s3 }: Cluster): string {
  return `${s3.buckets.velero}/restic/oadp.openshift.io`;
}

function folderOf(cluster: Cluster, repositoryPath: string): string {
  return join(cluster.config.paths.s3, placeIn(cluster), repositoryPath);
}

function environment(
  cluster: Cluster,
  repositoryPath: string,
  place = placeIn(cluster),
): Record<string, string> {
  const { s3 } = cluster;
  return {
    RESTIC_REPOSITORY: `s3:${s3.endpoint}/${place}/${repositoryPath}`,
    RESTIC_PASSWORD,
    AWS_ACCESS_KEY_ID: s3.accessKey,
    AWS_SECRET_ACCESS_KEY: s3.secretKey,
    NO_PROXY: '*',
  };
}

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Cluster } from '../../../hack/cluster/index.ts';
import { run } from '../../../hack/cluster/exec.ts';
import { waitUntil } from '../../../hack/cluster/wait.ts';
import { RESTIC_PASSWORD } from './setup.ts';

/** Runs restic against the repository at a recorded path and parses its JSON. `place` is the S3 folder of all repositories. */
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

/** Keeps a repository in use, like a restic that saves data which never arrives. The returned function releases it. */
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
    // restic notices the signal only when it can read something.
    child.stdin.end();
    await over;
  };
}

/** Returns the size of the data of a repository in the bucket, in bytes. */
export function storedBytes(cluster: Cluster, repositoryPath: string): number {
  const folder = join(folderOf(cluster, repositoryPath), 'data');
  // A folder without files does not exist.
  if (!existsSync(folder)) return 0;
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

/** Returns the files of a repository, and everything else below its folder; an empty list if the folder does not exist. */
export function storedFiles(cluster: Cluster, repositoryPath: string): string[] {
  const folder = folderOf(cluster, repositoryPath);
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  return files.map(({ parentPath, name }) => relative(folder, join(parentPath, name))).sort();
}

/** Stores a file in the bucket below the folder of a repository. */
export function storeFile(cluster: Cluster, repositoryPath: string, name: string): void {
  const file = join(folderOf(cluster, repositoryPath), name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, 'of somebody else');
}

/** Returns the folder of the repositories of all stories. */
function placeIn({ s3 }: Cluster): string {
  return `${s3.buckets.datamover}/restic`;
}

/** Returns the folder of the repositories whose secret contains a password only. */
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

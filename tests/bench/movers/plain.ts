import { run } from '../../../hack/cluster/exec.ts';
import type { Cluster } from '../../../hack/cluster/index.ts';

const PASSWORD = 'only-for-the-benchmark';

/** Returns the secret of one contestant's repositories, with their location and credentials. */
export function repositoryOf({ s3 }: Pick<Cluster, 's3'>, path: string): Record<string, string> {
  return {
    RESTIC_REPOSITORY: `s3:${s3.endpoint}/${s3.buckets.datamover}/bench/${path}`,
    RESTIC_PASSWORD: PASSWORD,
    AWS_ACCESS_KEY_ID: s3.accessKey,
    AWS_SECRET_ACCESS_KEY: s3.secretKey,
  };
}

/** What restic records in a snapshot about its run. */
interface Snapshot {
  id: string;
  short_id: string;
  summary: { backup_start: string; backup_end: string };
}

/** Returns the seconds for which restic itself worked on a snapshot, by its own clock. */
export async function secondsOf(cluster: Cluster, path: string, id: string): Promise<number> {
  const [snapshot] = JSON.parse(await restic(cluster, path, ['snapshots', '--json', id])) as Snapshot[];
  if (snapshot === undefined) throw new Error(`repository bench/${path} has no snapshot ${id}`);
  const { backup_start, backup_end } = snapshot.summary;
  return (Date.parse(backup_end) - Date.parse(backup_start)) / 1000;
}

async function restic(
  cluster: Cluster,
  path: string,
  args: readonly string[],
  { cwd, cache }: { cwd?: string; cache?: string } = {},
): Promise<string> {
  const env = { ...repositoryOf(cluster, path), NO_PROXY: '*' };
  const options = cache === undefined ? ['--no-cache'] : ['--cache-dir', cache];
  return run(cluster.programs.restic, [...options, ...args], { env, ...(cwd !== undefined && { cwd }) });
}

/** restic by hand on the folder itself: a lower bound for anything that moves the same data with restic. */
export interface PlainRestic {
  /** @returns id of the snapshot */
  backUp(folder: string): Promise<string>;
  restore(id: string, folder: string): Promise<void>;
}

/** Uses a new repository and a cache folder that is kept between runs, as in daily use. */
export async function plainRestic(cluster: Cluster, path: string, cache: string): Promise<PlainRestic> {
  await restic(cluster, path, ['init']);
  return {
    async backUp(folder) {
      const said = await restic(cluster, path, ['backup', '--host', 'bench', '--json', '.'], {
        cwd: folder,
        cache,
      });
      const summary = said.trim().split('\n').at(-1) ?? '';
      return (JSON.parse(summary) as { snapshot_id: string }).snapshot_id;
    },
    async restore(id, folder) {
      await restic(cluster, path, ['restore', id, '--target', '.'], { cwd: folder, cache });
    },
  };
}

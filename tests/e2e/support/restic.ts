import type { Cluster } from '../../../hack/cluster/index.ts';
import { run } from '../../../hack/cluster/exec.ts';
import { RESTIC_PASSWORD } from './setup.ts';

/** Runs restic by hand against the repository at a recorded path, and reads its JSON. */
export async function restic<Answer>(
  { programs, s3 }: Cluster,
  repositoryPath: string,
  args: readonly string[],
): Promise<Answer> {
  const env = {
    RESTIC_REPOSITORY: `s3:${s3.endpoint}/${s3.buckets.datamover}/restic/${repositoryPath}`,
    RESTIC_PASSWORD,
    AWS_ACCESS_KEY_ID: s3.accessKey,
    AWS_SECRET_ACCESS_KEY: s3.secretKey,
    NO_PROXY: '*',
  };
  const said = await run(programs.restic, ['--json', '--no-lock', '--no-cache', ...args], { env });
  return JSON.parse(said) as Answer;
}

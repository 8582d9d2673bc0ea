import type { OwnerReference } from '../../../api/kubernetes/meta.ts';
import type { ResticRun } from './observe-run.ts';
import type { Program, RepositoryCommand, VolumeUse } from './repository-job.ts';

/** One command and how to read its output. */
export interface RepositoryTask<Facts> {
  program: Program;
  /** For `<program> is <doing>`. */
  doing: string;
  image: string;
  /** Shell script. Default: runs restic with the arguments. */
  script?: string;
  args: readonly string[];
  /** Converts restic's credentials into those of the program. Default: unchanged. */
  access?: (restic: Record<string, string>) => { data: Record<string, string> } | { problem: string };
  /** Owner of the Job, for garbage collection if cleanup does not happen. Default: that of the request. */
  owner?: OwnerReference;
  /** Facts to store at the Job for {@link factsAt}. Absent: none. */
  keeps?: object;
  /** Suffix of the Job's name, after the request's name. Absent: none. */
  suffix?: string;
  /** Returns the volume that the command works on; called once. */
  volume?: () => Promise<VolumeUse>;
  /** More options of the Job. */
  options?: Pick<RepositoryCommand, 'finalExits' | 'env'>;
  /** How to read the log while the program runs and after it has failed. */
  reading?: Pick<ResticRun, 'progress' | 'complaints' | 'isGood'>;
  read(lines: readonly string[]): Facts;
}

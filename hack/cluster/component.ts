import { join } from 'node:path';
import { run } from './exec.ts';
import { Supervisor } from './process.ts';
import { toolFolders } from './tools.ts';
import type { ClusterConfig } from './config.ts';
import type { ProcessSpec } from './process.ts';
import type { Note } from './progress.ts';
import type { ToolFolders, ToolName } from './tools.ts';

/** What components work with. */
export interface Context {
  readonly config: ClusterConfig;
  readonly tools: ToolFolders;
  readonly supervisor: Supervisor;
  /** The path of a built program. */
  readonly program: (tool: ToolName, name?: string) => string;
  /** Runs kubectl as the administrator and returns what it printed. */
  readonly kubectl: (args: readonly string[], input?: string) => Promise<string>;
  /** Applies manifests given as text, a file or a folder; what others changed is taken back. */
  readonly apply: (manifests: { readonly text: string } | { readonly path: string }) => Promise<void>;
}

/** One part of the cluster. Each function may be repeated at any time. */
export interface Component {
  /** Also the name of its pid file and its log. */
  readonly name: string;
  readonly title: string;
  /** Why it is left out, e.g. because it has not been built; undefined when it can run. */
  readonly absent?: (context: Context) => string | undefined;
  /** What must be there before its process starts. */
  readonly prepare?: (context: Context, note: Note) => Promise<void> | void;
  readonly process?: (context: Context) => ProcessSpec;
  /** Instead of a process: the name of a Deployment in Velero's namespace, which `prepare` has applied. */
  readonly deployment?: string;
  /** Components that end by themselves when this one's process does, and must be started after it again. */
  readonly takesDown?: readonly string[];
  readonly ready?: (context: Context) => Promise<boolean>;
  /** Default 60 s. */
  readonly readyTimeoutMs?: number;
  /** Keep it when the cluster is wiped. */
  readonly survivesWipe?: boolean;
}

export function createContext(config: ClusterConfig): Context {
  const tools = toolFolders(config.cacheDir);
  const program = (tool: ToolName, name: string = tool): string => join(tools[tool], 'bin', name);
  const kubectl = (args: readonly string[], input?: string): Promise<string> =>
    run(program('kubernetes', 'kubectl'), ['--kubeconfig', config.paths.kubeconfig, ...args], {
      ...(input === undefined ? {} : { input }),
      // Its discovery cache would tell of the cluster before the wipe.
      env: { KUBECACHEDIR: join(config.dir, 'kubectl-cache'), NO_PROXY: '*' },
    });
  const apply: Context['apply'] = async (manifests) => {
    const from = 'text' in manifests ? '-' : manifests.path;
    const args = ['apply', '--server-side', '--force-conflicts', '-f', from];
    await kubectl(args, 'text' in manifests ? manifests.text : undefined);
  };
  const supervisor = new Supervisor(config.dir, config.paths.pids, config.paths.logs);
  return { config, tools, supervisor, program, kubectl, apply };
}

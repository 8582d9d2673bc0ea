import { join } from 'node:path';
import { run } from './exec.ts';
import { Supervisor } from './process.ts';
import { toolFolders } from './tools.ts';
import type { ClusterConfig } from './config.ts';
import type { ProcessSpec } from './process.ts';
import type { Note } from './progress.ts';
import type { ToolFolders, ToolName } from './tools.ts';

/** Shared settings and functions of all components. */
export interface Context {
  readonly config: ClusterConfig;
  readonly tools: ToolFolders;
  readonly supervisor: Supervisor;
  /** Returns the path of a built program. */
  readonly program: (tool: ToolName, name?: string) => string;
  /** Runs kubectl as the administrator and returns its output. */
  readonly kubectl: (args: readonly string[], input?: string) => Promise<string>;
  /** Applies manifests given as text, a file or a folder, and reverts changes by others. */
  readonly apply: (manifests: { readonly text: string } | { readonly path: string }) => Promise<void>;
}

/** One part of the cluster. Each function can be repeated at any time. */
export interface Component {
  /** Also the name of its pid file and its log. */
  readonly name: string;
  readonly title: string;
  /** Returns why it is skipped, for example because it has not been built; undefined if it can run. */
  readonly absent?: (context: Context) => string | undefined;
  /** Creates what the process needs before it starts. */
  readonly prepare?: (context: Context, note: Note) => Promise<void> | void;
  readonly process?: (context: Context) => ProcessSpec;
  /** Instead of a process: the name of a Deployment in Velero's namespace, which `prepare` has applied. */
  readonly deployment?: string;
  /** Components that exit when this one's process ends, and that must be started after it again. */
  readonly takesDown?: readonly string[];
  readonly ready?: (context: Context) => Promise<boolean>;
  /** Default 60 s. */
  readonly readyTimeoutMs?: number;
  /** Whether `wipe` keeps it. */
  readonly survivesWipe?: boolean;
}

export function createContext(config: ClusterConfig): Context {
  const tools = toolFolders(config.cacheDir);
  const program = (tool: ToolName, name: string = tool): string => join(tools[tool], 'bin', name);
  const kubectl = (args: readonly string[], input?: string): Promise<string> =>
    run(program('kubernetes', 'kubectl'), ['--kubeconfig', config.paths.kubeconfig, ...args], {
      ...(input === undefined ? {} : { input }),
      // kubectl's discovery cache would still describe the cluster before a wipe.
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

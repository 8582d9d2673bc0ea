import { down, restart, up, wipe } from './cluster.ts';
import { loadConfig } from './config.ts';
import { currentCluster } from './current.ts';
import { createProgress } from './progress.ts';
import { environmentText } from './environment.ts';
import { statusText } from './status.ts';
import type { ClusterConfig } from './config.ts';
import type { Progress } from './progress.ts';

const USAGE = `usage: node hack/cluster/main.ts <command>

  up                   bring the cluster up, or repair it
  down                 remove it with all its data (built tools are kept)
  wipe                 lose everything but the S3 data, as a disaster would
  status               what runs and where
  kubeconfig           print the path of the administrator's kubeconfig
  env                  print shell lines: eval "$(node hack/cluster/main.ts env)"
  restart <component>  stop it, prepare it anew, start it

settings (environment):
  CLUSTER_NAME           which cluster, default "datamover"
  CLUSTER=current        use the cluster of your KUBECONFIG instead of an own one
  DATAMOVER_CLUSTER_DIR  where clusters live, default /var/lib/datamover-cluster
  XDG_CACHE_HOME         where built tools are kept, default ~/.cache
  VELERO_FEATURES        Velero's feature flags, e.g. EnableCSI
  VELERO_NAMESPACE       Velero's namespace (velero)
`;

type Command = (config: ClusterConfig, progress: Progress, argument: string) => Promise<void>;

const print = (text: string): void => void process.stdout.write(`${text}\n`);

const COMMANDS: Readonly<Record<string, Command>> = {
  up: async (config, progress) => {
    await up(config, progress);
    print(`cluster ${config.name} is up after ${progress.elapsedSeconds().toFixed(1)} s`);
    print(`  logs        ${config.paths.logs}`);
    print(`  kubeconfig  ${config.paths.kubeconfig}`);
  },
  down: async (config, progress) => {
    await down(config, progress);
    print(`cluster ${config.name} is deleted after ${progress.elapsedSeconds().toFixed(1)} s`);
  },
  wipe: async (config, progress) => {
    await wipe(config, progress);
    print(
      `cluster ${config.name} is lost after ${progress.elapsedSeconds().toFixed(1)} s; its S3 data are kept`,
    );
  },
  restart: (config, progress, name) => restart(config, name, progress),
  status: async (config) => {
    print(await statusText(config));
  },
  kubeconfig: async (config) => {
    print(config.paths.kubeconfig);
  },
  env: async (config) => {
    print(environmentText(config));
  },
};

/** With `CLUSTER=current`, the same commands act on the cluster of the user's kubeconfig. */
function commandsForCurrent(): Readonly<Record<string, Command>> {
  const cluster = currentCluster(loadConfig(), process.env);
  return {
    up: async (_config, progress) => {
      print(await cluster.up(progress));
    },
    down: async (_config, progress) => {
      print(await cluster.down(progress));
    },
    status: async () => {
      print(await cluster.status());
    },
    kubeconfig: async () => {
      print(cluster.kubeconfig);
    },
    env: async () => {
      print(`export KUBECONFIG=${cluster.kubeconfig}`);
    },
    wipe: () => Promise.reject(new Error('CLUSTER=current: your own cluster is never wiped')),
  };
}

async function main([name = '', argument = '']: readonly string[]): Promise<number> {
  const commands = process.env['CLUSTER'] === 'current' ? commandsForCurrent() : COMMANDS;
  const command = commands[name];
  if (!command) {
    process.stderr.write(USAGE);
    return 2;
  }
  try {
    await command(loadConfig(), createProgress(process.stdout), argument);
    return 0;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

process.exitCode = await main(process.argv.slice(2));

import { down, restart, up, wipe } from './cluster.ts';
import { loadConfig } from './config.ts';
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
    print(`cluster ${config.name} is gone after ${progress.elapsedSeconds().toFixed(1)} s`);
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
  kubeconfig: (config) => {
    print(config.paths.kubeconfig);
    return Promise.resolve();
  },
  env: (config) => {
    print(environmentText(config));
    return Promise.resolve();
  },
};

async function main([name = '', argument = '']: readonly string[]): Promise<number> {
  const command = COMMANDS[name];
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

/** Composition root of the plugin executable: nothing but wiring. */
import { systemClock } from '../kube/runtime/clock.ts';
import { createCluster } from './cluster.ts';
import { parseFlags } from './config.ts';
import { connect } from './connect.ts';
import { createHclog } from './goplugin/hclog.ts';
import { isStartedByVelero } from './goplugin/handshake.ts';
import { createSourceLocator } from './goplugin/locate-source.ts';
import { serve } from './goplugin/serve.ts';
import { registeredActions } from './registered-actions.ts';

function main(env: NodeJS.ProcessEnv): void {
  if (!isStartedByVelero(env)) {
    if (process.argv[2] === 'install') return void installInto(process.argv[3]);
    process.stderr.write('This is a plugin of Velero; put it into the plugin folder of the Velero server.\n');
    process.exit(1);
  }
  const { logLevel, csiEnabled } = parseFlags(process.argv);
  const locate = createSourceLocator();
  const log = createHclog({ level: logLevel, ...(locate === undefined ? {} : { locate }) });
  const end = (error: unknown, message: string): never => {
    log.error({ err: error }, message);
    process.exit(1);
  };
  process.on('uncaughtException', (error) =>
    end(error, 'the plugin process ends: an error that nobody caught'),
  );

  const cluster = createCluster({ clock: systemClock, connect: () => connect(env) });
  serve({
    actions: registeredActions({ cluster, csiEnabled }),
    // Velero starts from now on what this says: the path that it started this time.
    command: process.argv[1] ?? process.execPath,
    log,
    env,
    ...(locate === undefined ? {} : { locate }),
  }).catch((error: unknown) => end(error, 'the plugin cannot serve'));
}

/** Loaded by the init container only. */
async function installInto(folder: string | undefined): Promise<void> {
  const { install } = await import('./install.ts');
  try {
    for (const path of install(process.execPath, folder)) process.stdout.write(`installed ${path}\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}

main(process.env);

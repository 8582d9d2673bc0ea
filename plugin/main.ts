/** Composition root of the plugin executable: nothing but wiring. */
import { systemClock } from '../kube/runtime/clock.ts';
import { createCluster } from './cluster.ts';
import { hangLimitMs, parseFlags } from './config.ts';
import { connect } from './connect.ts';
import { createHclog } from './goplugin/hclog.ts';
import { isStartedByVelero } from './goplugin/handshake.ts';
import { createSourceLocator } from './goplugin/locate-source.ts';
import { endAtUncaught, logStrays } from './goplugin/strays.ts';
import { createWatchdog } from './goplugin/watchdog.ts';
import { leaveOutMaglev } from './lean-compiler.ts';
import { registeredActions } from './registered-actions.ts';

function main(env: NodeJS.ProcessEnv): void {
  if (isStartedByVelero(env)) void serveVelero(env);
  else void runCommand(env);
}

async function serveVelero(env: NodeJS.ProcessEnv): Promise<void> {
  const { logLevel, csiEnabled } = parseFlags(process.argv);
  const locate = createSourceLocator();
  const known = locate === undefined ? {} : { locate };
  const log = createHclog({ level: logLevel, ...known });
  const exit = (code: number): never => process.exit(code);
  logStrays(log);
  endAtUncaught(log, exit);

  const cluster = createCluster({ clock: systemClock, connect: () => connect(env) });
  const watchdog = createWatchdog({ limitMs: hangLimitMs(env), log, onWatching: leaveOutMaglev });
  try {
    // Not before the streams are replaced: Node's HTTP/2 would make the real ones, and set their pipes not to block.
    const { serve } = await import('./goplugin/serve.ts');
    await serve({
      actions: registeredActions({ cluster, csiEnabled }),
      // Velero starts from now on what this says: the path that it started this time.
      command: process.argv[1] ?? process.execPath,
      log,
      env,
      beforeAction: watchdog.watch,
      ...known,
    });
  } catch (error) {
    log.error({ err: error }, 'the plugin cannot serve');
    exit(1);
  }
}

/** For people and for the init container: what this needs is loaded only then. */
async function runCommand(env: NodeJS.ProcessEnv): Promise<void> {
  const { runCommandLine } = await import('./command-line.ts');
  process.exitCode = await runCommandLine(process.argv.slice(2), env);
}

main(process.env);

/** Composition root of the plugin executable: only wiring. */
import { systemClock } from '../kube/runtime/clock.ts';
import { createClusterReader } from './cluster-reader.ts';
import { currentInvocation, parseFlags, type Invocation } from './config.ts';
import { connect } from './connect.ts';
import { isStartedByVelero } from './goplugin/handshake.ts';
import { createSourceLocator } from './goplugin/locate-source.ts';
import { disableMaglev } from './disable-maglev.ts';
import { registeredActions } from './registered-actions.ts';
import { serveVelero } from './serve-velero.ts';

function main(invocation: Invocation): void {
  if (isStartedByVelero(invocation.env)) void serveActions(invocation);
  else void runCommand(invocation.env);
}

function serveActions(invocation: Invocation): Promise<void> {
  const { csiEnabled } = parseFlags(invocation.args);
  const cluster = createClusterReader({ clock: systemClock, connect: () => connect(invocation.env) });
  return serveVelero({
    actions: registeredActions({ cluster, csiEnabled }),
    invocation,
    locate: createSourceLocator(),
    onWatching: disableMaglev,
  });
}

/** Runs a command of a user or of the init container. Its modules are loaded only here. */
async function runCommand(env: Invocation['env']): Promise<void> {
  const { runCommandLine } = await import('./command-line.ts');
  process.exitCode = await runCommandLine(process.argv.slice(2), env);
}

main(currentInvocation());

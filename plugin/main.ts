/** Composition root of the plugin executable: nothing but wiring. */
import { setFlagsFromString } from 'node:v8';
import { parseFlags } from './config.ts';
import { createHclog } from './goplugin/hclog.ts';
import { isStartedByVelero } from './goplugin/handshake.ts';
import { serve } from './goplugin/serve.ts';

// A plugin shares Velero's memory limit: keeps the young generation from growing under load.
setFlagsFromString('--semi-space-growth-factor=1');

function main(): void {
  if (!isStartedByVelero(process.env)) {
    process.stderr.write('This is a plugin of Velero; put it into the plugin folder of the Velero server.\n');
    process.exit(1);
  }
  const log = createHclog({ level: parseFlags(process.argv).logLevel });
  process.on('uncaughtException', (error) => {
    log.error({ err: error }, 'the plugin process ends: an error nobody caught');
    process.exit(1);
  });
  serve({
    actions: { backupItemActions: {}, restoreItemActions: {} },
    command: process.argv[1] ?? process.execPath,
    log,
    env: process.env,
  }).catch((error: unknown) => {
    log.error({ err: error }, 'the plugin cannot serve');
    process.exit(1);
  });
}

main();

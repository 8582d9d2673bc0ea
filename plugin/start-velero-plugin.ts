import { currentInvocation } from './config.ts';
import type { Actions } from './goplugin/actions.ts';
import { isStartedByVelero } from './goplugin/handshake.ts';
import { serveVelero } from './serve-velero.ts';

export interface VeleroPluginOptions {
  /**
   * By kind and by registered name, `domain/name`. Do not change a name once backups exist that use it: Velero stores the names
   * of unfinished operations.
   */
  actions: Partial<Actions>;
}

/**
 * Serves actions to Velero until Velero ends the process. This is the whole main program of a plugin. If anything other than
 * Velero starts it, it prints how to install it and sets exit code 1.
 */
export async function startVeleroPlugin({ actions }: VeleroPluginOptions): Promise<void> {
  const invocation = currentInvocation();
  if (!isStartedByVelero(invocation.env)) {
    process.stderr.write(
      `${invocation.command} is a plugin of Velero: build an image that copies it to /target, and run \`velero plugin add IMAGE\`\n`,
    );
    process.exitCode = 1;
    return;
  }
  await serveVelero({
    actions: {
      backupItemActions: {},
      restoreItemActions: {},
      deleteItemActions: {},
      itemBlockActions: {},
      ...actions,
    },
    invocation,
  });
}

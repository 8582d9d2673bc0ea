import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { Actions } from './actions.ts';
import { backupItemActionHandlers } from './backup-item-action.ts';
import { controllerHandlers } from './controller.ts';
import { deleteItemActionHandlers } from './delete-item-action.ts';
import { healthHandlers } from './health.ts';
import { itemBlockActionHandlers } from './item-block-action.ts';
import { listerHandlers } from './lister.ts';
import { restoreItemActionHandlers } from './restore-item-action.ts';
import { services } from './services.ts';
import { brokerHandlers, stdioHandlers } from './streams.ts';
import type { CallEnvironment } from './unary.ts';

export interface PluginServerOptions extends CallEnvironment {
  actions: Actions;
  /** The path under which Velero started this process. */
  command: string;
  /** Ends the process; called once the answer to Shutdown has left. */
  exit: () => void;
}

/** Items are as large as etcd lets them be, times three in a restore; the limits are the sender's. */
const UNLIMITED = -1;

/** All services of a plugin process, not yet listening. */
export function createPluginServer(options: PluginServerOptions): Server {
  const { actions, command, exit } = options;
  const server = new Server({
    'grpc.max_receive_message_length': UNLIMITED,
    'grpc.max_send_message_length': UNLIMITED,
    // Keeps a record of every call, for a debugger that nobody connects.
    'grpc.enable_channelz': 0,
  });
  server.addService(services.health, healthHandlers());
  server.addService(services.broker, brokerHandlers());
  server.addService(services.stdio, stdioHandlers());
  server.addService(services.controller, controllerHandlers(exit));
  server.addService(services.lister, listerHandlers(command, actions));
  server.addService(services.backupItemAction, backupItemActionHandlers(actions.backupItemActions, options));
  server.addService(
    services.restoreItemAction,
    restoreItemActionHandlers(actions.restoreItemActions, options),
  );
  server.addService(services.deleteItemAction, deleteItemActionHandlers(actions.deleteItemActions, options));
  server.addService(services.itemBlockAction, itemBlockActionHandlers(actions.itemBlockActions, options));
  return server;
}

/** Resolves when the socket accepts connections. */
export function listen(server: Server, socketPath: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`unix:${socketPath}`, ServerCredentials.createInsecure(), (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

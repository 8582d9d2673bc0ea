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
  /** Ends the process; called after the response to Shutdown was sent. */
  exit: () => void;
}

/** An item can be as large as etcd allows, and a restore sends it three times, so only the sender limits the size. */
const UNLIMITED = -1;

/** Creates the server with all services of a plugin process. It does not listen yet. */
export function createPluginServer(options: PluginServerOptions): Server {
  const { actions, command, exit } = options;
  const server = new Server({
    'grpc.max_receive_message_length': UNLIMITED,
    'grpc.max_send_message_length': UNLIMITED,
    // It keeps a record of every call for a debugger that is never connected.
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

import type { handleUnaryCall } from '@grpc/grpc-js';
import type { CallContext } from '../velero/item-actions.ts';
import type { Logger } from '../../telemetry/log.ts';
import { PluginError } from '../plugin-error.ts';
import { toCallError } from './call-error.ts';
import type { LocateSource } from './stack.ts';

/** What the service handlers need in addition to the actions. */
export interface CallEnvironment {
  log: Logger;
  locate?: LocateSource;
  /** Called before each call of an action. */
  beforeAction?: () => void;
}

/**
 * Creates a gRPC handler from a function: anything it throws becomes the error of the call only, and its signal is aborted when
 * the host disconnects.
 */
export function unary<Request, Response>(
  environment: CallEnvironment,
  handle: (request: Request, context: CallContext) => Promise<Response> | Response,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    environment.beforeAction?.();
    const aborted = new AbortController();
    const abort = (): void => aborted.abort(new PluginError('Velero canceled the call'));
    call.on('cancelled', abort);
    Promise.resolve({ log: environment.log, signal: aborted.signal })
      .then((context) => handle(call.request, context))
      // gRPC emits the event after every call, even an answered one.
      .finally(() => call.off('cancelled', abort))
      .then(
        (response) => callback(null, response),
        (thrown: unknown) => callback(toCallError(thrown, environment.locate)),
      );
  };
}

/** Creates the AppliesTo handler, which Velero calls first for every action. It starts no work. */
export function appliesTo(
  actions: Readonly<Record<string, { readonly resources: readonly string[] }>>,
  { log, locate }: CallEnvironment,
): handleUnaryCall<{ plugin: string }, { ResourceSelector: { includedResources: string[] } }> {
  return unary({ log, ...(locate === undefined ? {} : { locate }) }, ({ plugin }) => ({
    ResourceSelector: { includedResources: [...pick(actions, plugin).resources] },
  }));
}

/** Returns the registered instance that the request names. */
export function pick<T>(actions: Readonly<Record<string, T>>, name: string): T {
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (action === undefined) throw new PluginError(`this plugin has no action named "${name}"`);
  return action;
}

/** Parses the Backup or Restore in the request. */
export function parseOwner(bytes: Buffer, what: 'backup' | 'restore'): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new PluginError(`the ${what} in the request is not JSON`, { cause });
  }
}

import type { ActionCall } from './objects.ts';
import { pluginDir, type Call, type LogEntry, type VeleroHost } from './velero-host.ts';

/** Velero's Go structs as they are printed, with capitalized keys. */
export interface PluginIdentifier {
  Command: string;
  Kind: string;
  Name: string;
}
export interface ResourceIdentifier {
  Group: string;
  Resource: string;
  Namespace: string;
  Name: string;
}
export interface Progress {
  Completed: boolean;
  Err: string;
  NCompleted: number;
  NTotal: number;
  OperationUnits: string;
  Description: string;
  Started: string;
  Updated: string;
}
export interface Executed {
  item: Record<string, unknown> & { metadata: Record<string, unknown>; spec: Record<string, unknown> };
  additionalItems: ResourceIdentifier[] | null;
  operationID: string;
  postOperationItems: ResourceIdentifier[] | null;
  skipRestore: boolean;
}

/** One backup or restore of Velero: one manager, hence at most one process per plugin, and one log. */
export interface Session {
  appliesTo(action: ActionCall): Promise<{ IncludedResources: string[] }>;
  /** `item` may be JSON text, which reaches the plugin unchanged. */
  execute(action: ActionCall, owner: unknown, item: unknown, fromBackup?: unknown): Promise<Executed>;
  progress(action: ActionCall, owner: unknown, operationID: string): Promise<Progress>;
  cancel(action: ActionCall, owner: unknown, operationID: string): Promise<void>;
  /** Calls a DeleteItemAction. */
  remove(action: ActionCall, backup: unknown, item: unknown): Promise<void>;
  /** Calls an ItemBlockAction. */
  relatedItems(action: ActionCall, backup: unknown, item: unknown): Promise<ResourceIdentifier[] | null>;
  itemsReady(action: ActionCall, owner: unknown): Promise<boolean>;
  logs(): LogEntry[];
  close(): Promise<{ warnings: number; errors: number; millis: number }>;
}

export async function discover(host: VeleroHost, dir = pluginDir): Promise<PluginIdentifier[]> {
  return (await host.call({ op: 'discover', dir })).result as PluginIdentifier[];
}

/** Returns the process ids of the running plugin processes. */
export async function children(host: VeleroHost): Promise<number[]> {
  return (await host.call({ op: 'children' })).result as number[];
}

export async function openSession(host: VeleroHost, name: string): Promise<Session> {
  await host.call({ op: 'open', session: name });
  const ask = async (call: Call): Promise<unknown> => (await host.call({ session: name, ...call })).result;
  return {
    appliesTo: async (action) =>
      (await ask({ op: 'appliesTo', ...action })) as { IncludedResources: string[] },
    execute: async (action, owner, item, fromBackup) =>
      (await ask({
        op: 'execute',
        ...action,
        owner,
        item: textOf(item),
        ...(fromBackup === undefined ? {} : { fromBackup: textOf(fromBackup) }),
      })) as Executed,
    progress: async (action, owner, operationID) =>
      (await ask({ op: 'progress', ...action, owner, operationID })) as Progress,
    cancel: async (action, owner, operationID) => {
      await ask({ op: 'cancel', ...action, owner, operationID });
    },
    remove: async (action, owner, item) => {
      await ask({ op: 'execute', ...action, owner, item: textOf(item) });
    },
    relatedItems: async (action, owner, item) =>
      (await ask({ op: 'relatedItems', ...action, owner, item: textOf(item) })) as
        ResourceIdentifier[] | null,
    itemsReady: async (action, owner) => (await ask({ op: 'itemsReady', ...action, owner })) as boolean,
    logs: () => host.logs(name),
    async close() {
      const { result, millis } = await host.call({ op: 'close', session: name });
      return { ...(result as { warnings: number; errors: number }), millis };
    },
  };
}

/** Opens a session for the duration of `work`. */
export async function inSession<T>(
  host: VeleroHost,
  name: string,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await openSession(host, name);
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

function textOf(item: unknown): string {
  return typeof item === 'string' ? item : JSON.stringify(item);
}

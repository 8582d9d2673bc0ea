import type { Kind, Resource } from '../api/kubernetes/meta.ts';
import { dataMoverBackups, dataMoverRestores } from '../api/datamover/v1alpha1/kinds.ts';
import { readBackup, readRestore } from '../api/datamover/v1alpha1/spellings.ts';
import type { KubeClient } from '../kube/client/kube-client.ts';

const READERS = new Map<Kind<Resource>, (written: never) => Resource>([
  [dataMoverBackups, readBackup],
  [dataMoverRestores, readRestore],
]);

function present<T extends Resource>(kind: Kind<T>, written: T): T {
  const read = READERS.get(kind) as ((written: T) => T) | undefined;
  return read === undefined ? written : read(written);
}

/**
 * Returns a client whose requests have only the present names of fields and values: users and former versions of the controller
 * may have stored others. What it writes is not changed.
 */
export function withPresentNames(client: KubeClient): KubeClient {
  return {
    async get(kind, key, options) {
      const found = await client.get(kind, key, options);
      return found && present(kind, found);
    },
    async *list(kind, options) {
      for await (const item of client.list(kind, options)) yield present(kind, item);
    },
    async listPage(kind, options) {
      const page = await client.listPage(kind, options);
      return { ...page, items: page.items.map((item) => present(kind, item)) };
    },
    async *watch(kind, options) {
      for await (const event of client.watch(kind, options))
        yield { ...event, object: present(kind, event.object) };
    },
    create: async (kind, ...rest) => present(kind, await client.create(kind, ...rest)),
    apply: async (kind, ...rest) => present(kind, await client.apply(kind, ...rest)),
    applyStatus: async (kind, ...rest) => present(kind, await client.applyStatus(kind, ...rest)),
    mergePatch: async (kind, ...rest) => present(kind, await client.mergePatch(kind, ...rest)),
    delete: (...call) => client.delete(...call),
    podLog: (...call) => client.podLog(...call),
    close: () => client.close(),
  };
}

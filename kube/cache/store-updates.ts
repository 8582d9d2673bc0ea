import { formatKey, type Key, type Resource } from '../../api/kubernetes/meta.ts';
import { forEachInTurns } from '../runtime/turns.ts';
import { isNews, type Change, type Store } from './store.ts';

/** Brings a store to the state that the API server sends, and reports each change after it is stored. */
export interface StoreUpdates<T extends Resource> {
  /**
   * Replaces the content of the store, in several turns of the event loop: there may be tens of thousands of objects, with
   * handlers for each. Calls `onItem` for each object.
   */
  replace(items: readonly T[], onItem: () => void): Promise<void>;
  set(object: T): void;
  /** Removes an object, if it is stored; `last` returns its last state. */
  remove(key: Key, last: () => T): void;
}

export function createStoreUpdates<T extends Resource>(
  store: Store<T>,
  report: (change: Change<T>) => void,
): StoreUpdates<T> {
  return {
    async replace(items, onItem) {
      await forEachInTurns(store.keysBeside(items), (key) => report(store.remove(key)));
      await forEachInTurns(items, (item) => {
        onItem();
        const change = store.set(item);
        if (isNews(change)) report(change);
      });
    },
    set: (object) => report(store.set(object)),
    remove(key, last) {
      const { before } = store.remove(formatKey(key));
      // The last state has more information than the one before it, for example the final status.
      if (before !== undefined) report({ before: last() });
    },
  };
}

import { expect, it } from '@jest/globals';
import { keyOf, type Resource } from '../../api/kubernetes/meta.ts';
import { createStore, type Change } from './store.ts';
import { createStoreUpdates } from './store-updates.ts';

const widget: Resource = {
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { namespace: 'app', name: 'a', resourceVersion: '1' },
};

it('removes an object even if its last state cannot be read, and does not read that of an unknown one', () => {
  const store = createStore<Resource>();
  const changes: Change<Resource>[] = [];
  const updates = createStoreUpdates(store, (change) => changes.push(change));
  const unreadable = (): Resource => {
    throw new Error('unreadable');
  };
  updates.set(widget);
  expect(() => updates.remove(keyOf(widget), unreadable)).toThrow('unreadable');
  expect(store.list()).toEqual([]);
  updates.remove(keyOf(widget), unreadable);
  expect(changes).toEqual([{ after: widget }]);
});

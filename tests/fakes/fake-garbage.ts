import { keyOf, type Resource } from '../../api/kubernetes/meta.ts';
import { blockersOf, FOREGROUND, type Entry } from './fake-foreground.ts';
import type { Storage } from './fake-storage.ts';
import { deleteObject } from './fake-writes.ts';

/** Deletes the dependents of owners that are deleted or are being deleted in the foreground; repeats until nothing changes. */
export function collectGarbage(storage: Storage): void {
  while (collectOnce(storage));
}

function collectOnce(storage: Storage): boolean {
  const all = storage.everything();
  const living = new Set(all.map(({ object }) => object.metadata.uid));
  const isOrphan = ({ metadata: { ownerReferences: owners = [] } }: Resource): boolean =>
    owners.length > 0 && !owners.some(({ uid }) => living.has(uid));
  const waiting = all.filter(({ object }) => object.metadata.finalizers?.includes(FOREGROUND) === true);
  const blockers = waiting.flatMap(({ object }) => blockersOf(storage, object));
  const orphans = all.filter(({ object }) => isOrphan(object));
  const due = [...blockers, ...orphans].filter(
    ({ object }) => object.metadata.deletionTimestamp === undefined,
  );
  for (const { kind, object } of due)
    deleteObject(storage, kind, { key: keyOf(object), options: { propagationPolicy: 'Foreground' } });
  const free = waiting.filter(({ object }) => blockersOf(storage, object).length === 0);
  for (const entry of free) removeFinalizer(storage, entry);
  return due.length + free.length > 0;
}

function removeFinalizer(storage: Storage, { kind, object }: Entry): void {
  const before = storage.get(kind, keyOf(object));
  const finalizers = before.object.metadata.finalizers?.filter((one) => one !== FOREGROUND) ?? [];
  const metadata = { ...before.object.metadata, finalizers };
  storage.commit(kind, { ...before.object, metadata }, { before, owners: before.owners });
}

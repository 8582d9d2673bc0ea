import { apiVersionOf, type Key, type Kind, keyOf, type Resource } from '../../api/kubernetes/meta.ts';
import type { ApplyOptions, DeleteOptions, PatchOptions } from '../../kube/client/kube-client.ts';
import { failure } from './fake-failure.ts';
import { holdForBlockers } from './fake-foreground.ts';
import { cloneOwners, type Storage } from './fake-storage.ts';
import { applyFields } from './field-ownership.ts';
import { type Json, mergePatch } from './json.ts';

/** Creates an object as an API server does. The other writing verbs follow below. */

export function createObject<T extends Resource>(
  storage: Storage,
  kind: Kind<T>,
  { object, manager }: { object: T; manager: string },
): T {
  const key = checkIdentity(kind, object);
  if (storage.find(kind, key) !== undefined)
    throw failure(409, 'AlreadyExists', { kind, key }, `${kind.plural} "${key.name}" already exists`);
  const fresh = storage.withStatusOf(kind, object, undefined);
  return storage.commit(kind, storage.complete(kind, fresh, undefined), {
    before: undefined,
    manager: `${manager}/Update`,
  });
}

export function applyObject<T extends Resource>(
  storage: Storage,
  kind: Kind<T>,
  { object, options }: { object: T; options: ApplyOptions & { fieldManager: string; status: boolean } },
): T {
  const key = checkIdentity(kind, object);
  const before = options.status ? storage.get(kind, key) : storage.find(kind, key);
  // As in a real server: if the object does not exist, only a uid prevents an apply from creating it.
  const { uid } = object.metadata;
  const preconditions = before === undefined ? (uid === undefined ? {} : { uid }) : object.metadata;
  checkPreconditions({ kind, key }, preconditions, before?.object);

  const isApart = !storage.options.statusInObject(kind);
  // A write to the object does not change the status, and a write to the status changes nothing else.
  const fields = isApart ? oneSide(object, options.status) : object;
  const live = before?.object ?? storage.complete(kind, skeleton(object), undefined);
  const owners = cloneOwners(before?.owners);
  const outcome = applyFields(live as unknown as Json, fields as unknown as Json, {
    owners,
    manager: `${options.fieldManager}/Apply${options.status && isApart ? '/status' : ''}`,
    force: options.force ?? true,
  });
  if (outcome.conflicts.length > 0) {
    const list = outcome.conflicts.map(({ path, manager }) => `${path} of "${manager}"`).join(', ');
    throw failure(409, 'Conflict', { kind, key }, `Apply failed with conflicts: ${list}`);
  }
  return storage.commit(kind, outcome.object as unknown as T, { before, owners });
}

export function patchObject<T extends Resource>(
  storage: Storage,
  kind: Kind<T>,
  { key, patch, options }: { key: Key; patch: Json; options: PatchOptions & { fieldManager: string } },
): T {
  const before = storage.get(kind, key);
  checkPreconditions({ kind, key }, patch.metadata ?? {}, before.object);
  const patched = mergePatch(before.object, patch) as T;
  const status = options.subresource === 'status';
  const object = storage.options.statusInObject(kind)
    ? patched
    : status
      ? storage.withStatusOf(kind, before.object as T, patched)
      : storage.withStatusOf(kind, patched, before.object);
  const manager = `${options.fieldManager}/Update${status ? '/status' : ''}`;
  return storage.commit(kind, object, { before, manager });
}

export function deleteObject(
  storage: Storage,
  kind: Kind<Resource>,
  { key, options }: { key: Key; options: DeleteOptions },
): boolean {
  const stored = storage.find(kind, key);
  if (stored === undefined) return false;
  const { uid, deletionTimestamp } = stored.object.metadata;
  const isAnother = options.uid !== undefined && options.uid !== uid && options.resourceVersion === undefined;
  if (isAnother) return false;
  checkPreconditions({ kind, key }, options, stored.object);
  const isForeground = options.propagationPolicy === 'Foreground';
  const object = isForeground ? holdForBlockers(storage, stored.object) : stored.object;
  if ((object.metadata.finalizers ?? []).length === 0) {
    storage.erase(kind, object);
  } else if (deletionTimestamp === undefined) {
    const metadata = { ...object.metadata, deletionTimestamp: storage.time() };
    storage.commit(kind, { ...object, metadata }, { before: stored, owners: stored.owners });
  }
  return true;
}

interface Preconditions {
  uid?: string;
  resourceVersion?: string;
}

function checkPreconditions(
  subject: { kind: Kind<Resource>; key: Key },
  wanted: Preconditions,
  live: Resource | undefined,
): void {
  for (const field of ['uid', 'resourceVersion'] as const) {
    const value = wanted[field];
    if (value === undefined || value === live?.metadata[field]) continue;
    const now = live?.metadata[field] ?? 'gone';
    throw failure(409, 'Conflict', subject, `the object has been modified (${field} ${value}, now ${now})`);
  }
}

function checkIdentity(kind: Kind<Resource>, object: Resource): Key {
  const key = keyOf(object);
  const { name, namespace } = key as Partial<Key>;
  if (name === undefined || name === '')
    throw failure(422, 'Invalid', { kind, key }, 'metadata.name is required');
  if (kind.namespaced === (namespace === undefined)) {
    const problem = kind.namespaced ? 'a namespace is required' : 'the kind has no namespace';
    throw failure(400, 'BadRequest', { kind, key }, problem);
  }
  if (object.kind !== kind.kind || object.apiVersion !== apiVersionOf(kind))
    throw failure(400, 'BadRequest', { kind, key }, `the object says ${object.apiVersion} ${object.kind}`);
  return key;
}

/** Returns the object without any applied field. */
function skeleton<T extends Resource>(object: T): T {
  const { name, namespace } = object.metadata;
  const metadata = namespace === undefined ? { name } : { name, namespace };
  return { apiVersion: object.apiVersion, kind: object.kind, metadata } as T;
}

function oneSide<T extends Resource>(object: T, status: boolean): T {
  const { status: value, ...rest } = object as T & { status?: unknown };
  if (!status) return rest as unknown as T;
  return { ...skeleton(object), ...(value === undefined ? {} : { status: value }) };
}

import {
  persistentVolumeClaims,
  persistentVolumes,
  type PersistentVolume,
} from '../../../api/kubernetes/core.ts';
import { volumeSnapshotContents, volumeSnapshots } from '../../../api/kubernetes/snapshot.ts';
import { keyOf, type Kind, type Resource } from '../../../api/kubernetes/meta.ts';
import { annotations, labels } from '../../../api/datamover/v1alpha1/keys.ts';
import { CHILD_PREFIXES, childName, childNameIn } from '../../../api/datamover/v1alpha1/names.ts';
import { inTurns } from '../../../kube/runtime/turns.ts';
import type { Environment } from '../environment.ts';
import { isAlias } from '../../../volumes/exposure/alias.ts';
import { deleteWhenReleased } from '../../../volumes/exposure/reclaim-policy.ts';
import type { Mover, MoverTarget, RequestKind } from '../../../movers/mover.ts';

/** An object that was created for a request and must not outlive it. */
export interface Leftover {
  object: Resource;
  /** The name of the request's children. */
  child: string;
  /** The request according to the object's metadata; absent for a volume that a provisioner has created for a staging claim. */
  origin?: Origin;
  /** Deletes the object only if it has not changed since it was read. */
  remove(signal: AbortSignal): Promise<void>;
}

export interface Origin {
  kind: RequestKind;
  uid: string;
  /** `namespace/name` of the request. */
  request: string;
  /** The controller that created the object. */
  servedBy: string | undefined;
}

type Sources = Pick<Environment, 'client' | 'listers' | 'namespace'> & {
  movers: readonly Pick<Mover, 'children' | 'cleanup'>[];
};

/**
 * Yields every object of a request that is in the protected namespace, or cluster-scoped and bound to it. Only administrators can
 * create objects there, so labels that match the name of the object are trusted. In other namespaces a tenant may have written
 * them: a captured snapshot has its request as owner instead, and Kubernetes' garbage collection deletes it.
 */
export async function* leftovers(sources: Sources): AsyncGenerator<Leftover> {
  const { claims, snapshots, snapshotContents, volumes } = sources.listers;
  const own = ({ metadata }: Resource): string | undefined => metadata.namespace;
  yield* here(sources, claims, own, (one) => labelled(sources, persistentVolumeClaims, one));
  yield* here(sources, snapshots, own, (one) => labelled(sources, volumeSnapshots, one));
  yield* here(
    sources,
    snapshotContents,
    ({ spec }) => spec.volumeSnapshotRef.namespace,
    (one) => labelled(sources, volumeSnapshotContents, one),
  );
  yield* here(
    sources,
    volumes,
    ({ spec }) => spec.claimRef?.namespace,
    (one) => ofVolume(sources, one),
  );
  for (const mover of sources.movers)
    yield* here(sources, { list: () => mover.children?.() ?? [] }, own, (one) => ofMover(mover, one));
}

/** Yields only what belongs to the protected namespace. */
async function* here<T extends Resource>(
  { namespace }: Sources,
  all: { list(): readonly T[] },
  namespaceOf: (object: T) => string | undefined,
  look: (object: T) => Iterable<Leftover>,
): AsyncGenerator<Leftover> {
  for await (const object of inTurns(all.list())) if (namespaceOf(object) === namespace) yield* look(object);
}

function* labelled<T extends Resource>({ client }: Sources, kind: Kind<T>, object: T): Generator<Leftover> {
  const origin = originOf(object);
  if (origin === undefined) return;
  const { uid = '', resourceVersion = '' } = object.metadata;
  yield {
    object,
    child: childName(origin.kind, origin.uid),
    origin,
    remove: async (signal) => {
      await client.delete(kind, keyOf(object), { uid, resourceVersion, signal });
    },
  };
}

/** Yields a volume without a claim. If the claim exists, it decides about its volume. */
function* ofVolume(sources: Sources, volume: PersistentVolume): Generator<Leftover> {
  const { metadata, spec } = volume;
  const { namespace = '', name = '' } = spec.claimRef ?? {};
  const child = childNameIn(name);
  if (child === undefined || sources.listers.claims.get(`${namespace}/${name}`) !== undefined) return;
  if (isAlias(volume)) {
    yield* labelled(sources, persistentVolumes, volume);
    return;
  }
  // A volume that is kept on purpose, or that the storage driver already deletes.
  const { handOver, setAside } = annotations;
  const isKept = [handOver, setAside].some((mark) => metadata.annotations?.[mark] !== undefined);
  if (isKept || spec.persistentVolumeReclaimPolicy === 'Delete') return;
  yield { object: volume, child, remove: (signal) => deleteWhenReleased(sources.client, volume, signal) };
}

/** The names that a mover uses are computed from those of the request, so it can find all of its other objects. */
function* ofMover(mover: Sources['movers'][number], object: Resource): Generator<Leftover> {
  const origin = originOf(object);
  if (origin === undefined) return;
  const { kind, uid } = origin;
  const { labels: own = {}, annotations: notes = {} } = object.metadata;
  const target: MoverTarget = { kind, name: childName(kind, uid), labels: own, annotations: notes };
  yield {
    object,
    child: target.name,
    origin,
    remove: async (signal) => {
      await mover.cleanup({ ...target, signal });
    },
  };
}

/** Returns `undefined` if the object was not created for a request: its labels do not match its name. */
function originOf({ metadata }: Resource): Origin | undefined {
  const { labels: own = {}, annotations: notes = {} } = metadata;
  const uid = own[labels.requestUid];
  const kind = own[labels.requestKind];
  const request = notes[annotations.request];
  if (uid === undefined || !isRequestKind(kind) || request === undefined) return undefined;
  if (childNameIn(metadata.name) !== childName(kind, uid)) return undefined;
  return { kind, uid, request, servedBy: notes[annotations.servedBy] };
}

function isRequestKind(text: string | undefined): text is RequestKind {
  return text !== undefined && Object.hasOwn(CHILD_PREFIXES, text);
}

import type { Resource } from '../../api/kubernetes/meta.ts';
import { createAdmission, type AdmissionRequest } from '../../lifecycle/admission/admission.ts';

export type Kind = 'backup' | 'restore' | 'delete' | 'prune';

/** A request of the product that this test makes up. */
export interface Work extends Resource {
  spec: { cancel?: boolean };
  status: { phase: string; admittedAt?: string; pool: string; mutex: string; node: string | undefined };
}

/** The request as the API server stores it, and what this test records about it. */
export interface Entry {
  kind: Kind;
  request: AdmissionRequest;
  object: Work;
}

export interface Limits {
  atOnce: number;
  perNode: number;
}

export const limits = (atOnce: number, perNode: number): Limits => ({ atOnce, perNode });

export const LIMITS: Readonly<Record<string, Limits>> = {
  narrow: limits(1, 9),
  wide: limits(3, 9),
  /** High limit per class, low limit per node. */
  spread: limits(9, 2),
};

export const NODES = 2;

export function entry(
  index: number,
  kind: Kind,
  className: string,
  repository: string,
  node?: string,
): Entry {
  const uid = `uid-${String(index).padStart(3, '0')}`;
  return {
    kind,
    request: { uid, pool: className, mutex: repository, node },
    object: {
      apiVersion: 'oadp.openshift.io/v1alpha1',
      kind: kind === 'backup' ? 'DataMoverBackup' : 'DataMoverRestore',
      metadata: {
        namespace: 'app',
        name: `r${String(index)}`,
        uid,
        // Several per second, as Velero creates them.
        creationTimestamp: `2026-01-01T00:00:${String(Math.floor(index / 3)).padStart(2, '0')}Z`,
      },
      spec: {},
      status: { phase: 'Queued', pool: className, mutex: repository, node },
    },
  };
}

/** An admission over a cache that shows these entries at each call. */
export function admissionOver(entries: readonly Entry[], limits: Readonly<Record<string, Limits>> = LIMITS) {
  const shown = new Map<string, { kind: Kind; object: Work }>();
  const offers: string[] = [];
  const due: (() => void)[] = [];
  const admission = createAdmission<Work>({
    words: { pool: 'DataMoverClass', mutex: 'repository' },
    slotOf: ({ status }) => ({ pool: status.pool, mutex: status.mutex, node: status.node }),
    isCanceled: ({ spec }) => spec.cancel === true,
    bounds: {
      perPool: (className) => limits[className]?.atOnce ?? 0,
      perNode: (className, kind) =>
        kind === 'delete' || kind === 'prune' ? Infinity : (limits[className]?.perNode ?? 0),
      nodes: () => NODES,
    },
    onOffer: (_, key) => offers.push(key.name),
    later: (action) => void due.push(action),
  });

  function show(): void {
    for (const { kind, object } of entries) {
      const uid = object.metadata.uid ?? '';
      const before = shown.get(uid)?.object;
      if (JSON.stringify(before) === JSON.stringify(object)) continue;
      const after = structuredClone(object);
      shown.set(uid, { kind, object: after });
      admission.changed(kind, before, after);
    }
    for (const [uid, { kind, object }] of shown) {
      if (entries.some(({ request }) => request.uid === uid)) continue;
      shown.delete(uid);
      admission.changed(kind, object, undefined);
    }
  }

  return {
    ...admission,
    /** Names of the requests that a slot was reserved for. */
    offers,
    show,
    /** Shows all entries and runs postponed actions. */
    settle(): void {
      show();
      for (const action of due.splice(0)) action();
    },
    decide(kind: Kind, request: AdmissionRequest) {
      show();
      return admission.decide(kind, request);
    },
    isAwaited(repository: string, uid: string) {
      show();
      return admission.isAwaited(repository, uid);
    },
  };
}

export const write = ({ object }: Entry): void => {
  object.status = { ...object.status, phase: 'Moving', admittedAt: '2026-01-01T01:00:00Z' };
};
export const finish = ({ object }: Entry): void => {
  object.status = { ...object.status, phase: 'Completed' };
};

import { childrenOf } from '../../api/datamover/v1alpha1/names.ts';
import { persistentVolumeClaims } from '../../api/kubernetes/core.ts';
import { volumeSnapshotContents, volumeSnapshots } from '../../api/kubernetes/snapshot.ts';
import { keyOf, type Kind, type Resource } from '../../api/kubernetes/meta.ts';
import { labels } from '../../api/datamover/v1alpha1/keys.ts';
import type { OrphanScan } from '../../lifecycle/request/request-type.ts';
import type { Environment } from './environment.ts';
import type { RequestKind } from '../../movers/mover.ts';
import { childIdentity, requestUidOf } from '../../lifecycle/request/child-identity.ts';

/** Longer than any cache lags. A cleanup must not act on a state of the volumes from before the hand-over. */
const SETTLED_MS = 600_000;

/** Creates the scan for staging claims and snapshots of requests of a kind that have ended. */
export function createOrphanScan(
  { client, listers, namespace }: Environment,
  requestKind: RequestKind,
): OrphanScan {
  function seen(request: Resource): { kind: Kind<Resource>; object: Resource }[] {
    const child = childIdentity(childrenOf(requestKind), request);
    const staged = `${namespace}/${child.name}`;
    const captured = `${request.metadata.namespace ?? ''}/${child.name}`;
    const known: [Kind<Resource>, Resource | undefined][] = [
      [persistentVolumeClaims, listers.claims.get(staged)],
      [volumeSnapshots, listers.snapshots.get(staged)],
      [volumeSnapshots, listers.snapshots.get(captured)],
      [volumeSnapshotContents, listers.snapshotContents.get(child.name)],
    ];
    return known.flatMap(([kind, object]) =>
      object?.metadata.labels?.[labels.requestUid] === requestUidOf(child) ? [{ kind, object }] : [],
    );
  }

  return {
    dueAt(request) {
      const { completionTimestamp } = request.status ?? {};
      if (completionTimestamp === undefined || seen(request).length === 0) return undefined;
      return Date.parse(completionTimestamp) + SETTLED_MS;
    },
    async exist(request, signal) {
      const live = seen(request).map(async ({ kind, object }) => {
        const found = await client.get(kind, keyOf(object), { signal });
        return found?.metadata.uid === object.metadata.uid;
      });
      return (await Promise.all(live)).includes(true);
    },
  };
}

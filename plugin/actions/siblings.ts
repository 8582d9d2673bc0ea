import { persistentVolumeClaims, pods, type PersistentVolumeClaim } from '../../api/external/core.ts';
import type { Backup } from '../../api/external/velero.ts';
import { dataMoverBackups } from '../../api/v1alpha1/kinds.ts';
import type { Cluster } from '../cluster.ts';
import { collect } from '../collect.ts';
import type { CallContext } from './action.ts';
import { decideBackup } from './backup-decision.ts';
import { siblingsOf, type NamespaceContent } from './backup-selection.ts';
import { createOnce } from './create-once.ts';
import { desiredBackup } from './desired-backup.ts';

/** Starts the captures of the claims that belong together with one, so that they run side by side. */
export type StartSiblings = (
  backup: Backup,
  pvc: PersistentVolumeClaim,
  context: CallContext,
) => Promise<void>;

/** How many creates are under way at once. */
const BATCH = 8;

/**
 * Velero visits one claim after the other and each visit waits for its own capture; without this, captures would queue
 * up behind each other. The requests have the same names that the claims' own visits will use. Never rejects: what goes
 * wrong here is reported by the visit that it concerns.
 */
export function createSiblingStarter(cluster: Cluster): StartSiblings {
  // One process serves one backup, so what was started once stays started.
  const contents = new Map<string, Promise<NamespaceContent>>();
  const started = new Set<string>();

  return async (backup, pvc, { log, signal }) => {
    const { namespace = '', uid = '' } = pvc.metadata;
    started.add(uid);
    try {
      const content = await remember(contents, `${backup.metadata.uid ?? ''}/${namespace}`, () =>
        readNamespace(cluster, namespace),
      );
      const classes = await cluster.classes();
      const wanted = siblingsOf(backup, pvc, content).flatMap((claim) => {
        const claimUid = claim.metadata.uid ?? '';
        if (started.has(claimUid)) return [];
        started.add(claimUid);
        const decision = decideBackup(backup, claim, classes);
        return decision.outcome === 'move' ? [desiredBackup(backup, claim, decision.className)] : [];
      });
      const kube = await cluster.kube();
      for (let at = 0; at < wanted.length; at += BATCH) {
        const creates = wanted
          .slice(at, at + BATCH)
          .map((object) => createOnce(kube, dataMoverBackups, object, { clock: cluster.clock, signal }));
        await Promise.allSettled(creates);
      }
      if (wanted.length > 0)
        log.debug({ count: wanted.length }, 'the captures of other claims of the namespace were started');
    } catch (error) {
      log.debug({ err: error }, 'the captures of other claims could not be started ahead of their turn');
    }
  };
}

async function readNamespace(cluster: Cluster, namespace: string): Promise<NamespaceContent> {
  const kube = await cluster.kube();
  const [foundPods, claims] = await Promise.all([
    collect(kube.list(pods, { namespace })),
    collect(kube.list(persistentVolumeClaims, { namespace })),
  ]);
  return { pods: foundPods, claims };
}

function remember<T>(known: Map<string, Promise<T>>, key: string, load: () => Promise<T>): Promise<T> {
  const found = known.get(key);
  if (found !== undefined) return found;
  const loading = load();
  known.set(key, loading);
  loading.catch(() => known.delete(key));
  return loading;
}

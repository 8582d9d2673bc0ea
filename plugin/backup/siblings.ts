import type { PersistentVolumeClaim } from '../../api/kubernetes/core.ts';
import type { Backup } from '../../api/velero/v1.ts';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import { dataMoverBackups } from '../../api/datamover/v1alpha1/kinds.ts';
import type { ClusterReader } from '../cluster-reader.ts';
import type { CallContext } from '../velero/item-actions.ts';
import { siblingsOf, withFilters } from './selection.ts';
import { createOnce } from '../requests/create-once.ts';
import { policiesOf, type Decide } from './decider.ts';
import { desiredBackup } from './desired-backup.ts';

/** Starts the captures of related claims early, so that they run concurrently. */
export interface SiblingStarter {
  /** Never rejects: each claim's own call reports its errors. */
  start(backup: Backup, pvc: PersistentVolumeClaim, context: CallContext): Promise<void>;
  /** Returns the request that was created for a claim before its own call. */
  madeFor(pvc: PersistentVolumeClaim): DataMoverBackup | undefined;
}

/** Maximum number of concurrent starts. */
const BATCH = 8;

/**
 * Creates the starter. Velero visits one claim after the other, and each call waits for its own capture, so captures would run
 * one after the other. The requests have the names that the claims' own calls will use.
 */
export function createSiblingStarter(cluster: ClusterReader, decide: Decide): SiblingStarter {
  // Never reset, because one process serves one backup.
  const started = new Set<string>();
  /** Keyed by the uid of the claim. */
  const made = new Map<string, DataMoverBackup>();

  async function start(
    backup: Backup,
    pvc: PersistentVolumeClaim,
    { log, signal }: CallContext,
  ): Promise<void> {
    const { namespace = '', uid = '' } = pvc.metadata;
    started.add(uid);
    try {
      const { filters } = await policiesOf(cluster, backup);
      // Data that Velero may exclude must not be uploaded, because no tarball would contain its record.
      if (filters.perNamespace) return;
      const filtered = withFilters(backup, filters);
      const siblings = siblingsOf(filtered, pvc, await cluster.content(namespace)).filter((claim) => {
        const claimUid = claim.metadata.uid ?? '';
        const isNew = !started.has(claimUid);
        started.add(claimUid);
        return isNew;
      });
      const kube = await cluster.kube();
      const startOne = async (claim: PersistentVolumeClaim): Promise<boolean> => {
        const decision = await decide(backup, claim, { signal });
        if (decision.outcome !== 'move') return false;
        const wanted = desiredBackup(backup, claim, decision);
        const create = { clock: cluster.clock, signal };
        made.set(claim.metadata.uid ?? '', await createOnce(kube, dataMoverBackups, wanted, create));
        return true;
      };
      let count = 0;
      for (let at = 0; at < siblings.length; at += BATCH) {
        const starts = await Promise.allSettled(siblings.slice(at, at + BATCH).map(startOne));
        count += starts.filter((result) => result.status === 'fulfilled' && result.value).length;
      }
      if (count > 0) log.debug({ count }, 'the captures of other claims of the namespace were started');
    } catch (error) {
      log.debug({ err: error }, 'the captures of other claims could not be started in advance');
    }
  }

  return { start, madeFor: ({ metadata }) => made.get(metadata.uid ?? '') };
}

import { backups, restores } from '../../../api/velero/v1.ts';
import { formatKey, keyOf, type Kind, type Resource } from '../../../api/kubernetes/meta.ts';
import { cancelPatch } from '../../../api/datamover/v1alpha1/cancel-patch.ts';
import { claimNameOf } from '../../../api/datamover/v1alpha1/claim-name.ts';
import type { DataMoverBackup } from '../../../api/datamover/v1alpha1/data-mover-backup.ts';
import type { DataMoverDelete } from '../../../api/datamover/v1alpha1/data-mover-delete.ts';
import type { DataMoverPrune } from '../../../api/datamover/v1alpha1/data-mover-prune.ts';
import { desiredDelete, storedResultOf } from '../../../api/datamover/v1alpha1/desired-delete.ts';
import { annotations } from '../../../api/datamover/v1alpha1/keys.ts';
import { isMadeIn } from '../../../api/datamover/v1alpha1/made-in.ts';
import {
  dataMoverBackups,
  dataMoverDeletes,
  dataMoverPrunes,
  dataMoverRestores,
} from '../../../api/datamover/v1alpha1/kinds.ts';
import type { KubeClient } from '../../../kube/client/kube-client.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../../../kube/client/kube-error.ts';
import { sleep, type Clock } from '../../../kube/runtime/clock.ts';
import { inTurns } from '../../../kube/runtime/turns.ts';
import type { Runnable } from '../../../kube/runtime/manager.ts';
import type { Logger } from '../../../telemetry/log.ts';
import type { Listers } from '../environment.ts';
import { hideClaims, ownClaims } from '../../../volumes/exposure/hide.ts';
import { logFieldsOf } from '../../../lifecycle/observe/request-log.ts';
import type { Collector, Ownership } from './collector.ts';
import {
  fateOfBackup,
  fateOfCare,
  fateOfRestore,
  veleroBackupOf,
  veleroRestoreOf,
  type VeleroObject,
} from './ownership.ts';

export const JANITOR_INTERVAL_MS = 300_000;

export interface JanitorOptions {
  client: KubeClient;
  listers: Pick<Listers, 'backups' | 'restores' | 'deletes' | 'prunes' | 'claims' | 'volumes'>;
  /** Whether a request is this controller's own: others have janitors of their own. Default: all are. */
  isOwn?: Ownership;
  /** What else is swept in each round. Default: nothing. */
  collector?: Collector;
  /** The protected namespace: Velero's. */
  namespace: string;
  /** Between two sweeps. Default {@link JANITOR_INTERVAL_MS}. */
  intervalMs?: number;
  clock: Clock;
  log: Logger;
}

/**
 * Looks from time to time whether the Velero backup or restore of each request still stands, for what Velero drops
 * without calling the plugin: a backup that was deleted in another cluster or out of the bucket, one that failed when the
 * server was restarted in the middle.
 */
export interface Janitor extends Runnable {
  sweep(signal: AbortSignal): Promise<void>;
}

const ALL_OWN: Ownership = {
  backup: () => true,
  restore: () => true,
  delete: () => true,
  prune: () => true,
};

/** There may be tens of thousands. */
async function select<T>(all: readonly T[], isOwn: (one: T) => boolean): Promise<T[]> {
  const selected: T[] = [];
  for await (const one of inTurns(all)) if (isOwn(one)) selected.push(one);
  return selected;
}

export function createJanitor(options: JanitorOptions): Janitor {
  const { client, listers, namespace, clock, log, intervalMs = JANITOR_INTERVAL_MS } = options;

  async function sweep(signal: AbortSignal): Promise<void> {
    const { isOwn = ALL_OWN } = options;
    const ofBackups = listers.backups.list().filter(veleroBackupOf);
    await tend(await select(ofBackups, isOwn.backup), backups, signal, (one, known) =>
      judge(one, known, signal),
    );
    const ofRestores = listers.restores.list().filter(veleroRestoreOf);
    await tend(await select(ofRestores, isOwn.restore), restores, signal, async (one, known) => {
      if (fateOfRestore(one, known) === 'remove') await remove(dataMoverRestores, one, signal);
    });
    await sweepCare(dataMoverDeletes, await select(listers.deletes.list(), isOwn.delete), signal);
    await sweepCare(dataMoverPrunes, await select(listers.prunes.list(), isOwn.prune), signal);
    await hideClaims(options, ownClaims(options), signal);
  }

  async function sweepCare<T extends DataMoverDelete | DataMoverPrune>(
    kind: Kind<T>,
    all: readonly T[],
    signal: AbortSignal,
  ): Promise<void> {
    const now = new Date(clock.now());
    for await (const one of inTurns(all))
      if (fateOfCare(one, now) === 'remove') await tryTo(one, () => remove(kind, one, signal));
  }

  /** Shows each request all Velero objects of its kind. A list that begins now holds whatever made a request that is here. */
  async function tend<T extends Resource, Owner extends VeleroObject>(
    requests: readonly T[],
    kind: Kind<Owner>,
    signal: AbortSignal,
    look: (request: T, known: ReadonlyMap<string, Owner>) => Promise<void>,
  ): Promise<void> {
    if (requests.length === 0) return;
    const known = await namesOf(kind, signal);
    if (known === undefined) return;
    for await (const one of inTurns(requests)) await tryTo(one, () => look(one, known));
  }

  /** `undefined` where Velero is not installed: that says nothing about its backups. */
  async function namesOf<T extends VeleroObject>(
    kind: Kind<T>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, T> | undefined> {
    const found = new Map<string, T>();
    try {
      for await (const one of client.list(kind, { namespace, signal })) found.set(one.metadata.name, one);
      return found;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async function judge(
    request: DataMoverBackup,
    known: ReadonlyMap<string, VeleroObject>,
    signal: AbortSignal,
  ): Promise<void> {
    const subject = `DataMoverBackup ${formatKey(keyOf(request))}`;
    switch (fateOfBackup(request, known)) {
      case 'stays':
        return;
      case 'cancel':
        await cancel(request, signal);
        log.info(logFieldsOf(request), `${subject} is canceled: its Velero backup has ended or is gone`);
        return;
      case 'noteFailure':
        if (isMadeIn(request, claimUidOf(request))) await noteFailure(request, signal);
        return;
      case 'remove':
        await removeData(request, signal);
        await remove(dataMoverBackups, request, signal);
    }
  }

  /** Only as it was looked at: it may have ended since, or another may have its name. */
  async function cancel({ metadata }: DataMoverBackup, signal: AbortSignal): Promise<void> {
    const { namespace: own = '', name } = metadata;
    await client.mergePatch(dataMoverBackups, { namespace: own, name }, cancelPatch(metadata), { signal });
  }

  function claimUidOf(request: DataMoverBackup): string | undefined {
    const { metadata, status } = request;
    if (status?.capture?.claimUID !== undefined) return status.capture.claimUID;
    return listers.claims.get(`${metadata.namespace ?? ''}/${claimNameOf(request) ?? ''}`)?.metadata.uid;
  }

  async function noteFailure(request: DataMoverBackup, signal: AbortSignal): Promise<void> {
    const { apiVersion, kind } = request;
    const { namespace: own = '', name, uid = '', resourceVersion = '' } = request.metadata;
    const metadata = { namespace: own, name, uid, resourceVersion };
    const status = { ...request.status, veleroBackupFailed: true };
    await client.applyStatus(dataMoverBackups, { apiVersion, kind, metadata, status } as DataMoverBackup, {
      signal,
    });
  }

  /** Only of a backup that is known to have failed: the record of any other may lie in the bucket and be needed. */
  async function removeData(request: DataMoverBackup, signal: AbortSignal): Promise<void> {
    const result = storedResultOf(request);
    if (result === undefined || request.status?.veleroBackupFailed !== true) return;
    const name = request.metadata.annotations?.[annotations.veleroBackup] ?? '';
    try {
      const storageLocation = result.backupStorageLocation;
      const wish = desiredDelete({ namespace, name, storageLocation }, request, result);
      await client.create(dataMoverDeletes, wish, { signal });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  }

  /** Only as it was looked at: right after a change of leader the cache may lag behind what the former one has noted. */
  async function remove<T extends Resource>(kind: Kind<T>, object: T, signal: AbortSignal): Promise<void> {
    const { uid = '', resourceVersion = '' } = object.metadata;
    await client.delete(kind, keyOf(object), { uid, resourceVersion, signal });
    log.info(
      logFieldsOf(object),
      `${kind.kind} ${formatKey(keyOf(object))} is removed: nobody needs it any more`,
    );
  }

  /** One request that cannot be tended must not keep the others from it; the next round comes. */
  async function tryTo(request: Resource, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (!isConflict(error) && !isNotFound(error))
        log.warn({ err: error, ...logFieldsOf(request) }, 'a request could not be tended');
    }
  }

  return {
    name: 'janitor',
    sweep,
    async run(signal) {
      while (!signal.aborted) {
        await sweep(signal).catch((error: unknown) => {
          if (!signal.aborted) log.warn({ err: error }, 'Velero could not be asked about its backups');
        });
        await options.collector?.sweep(signal).catch((error: unknown) => {
          if (!signal.aborted) log.warn({ err: error }, 'what requests have left could not be looked for');
        });
        await sleep(clock, intervalMs, signal);
      }
    },
  };
}

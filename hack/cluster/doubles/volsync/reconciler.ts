import { namespaces } from '../../../../api/kubernetes/core.ts';
import type { Key, Kind, Resource } from '../../../../api/kubernetes/meta.ts';
import type { KubeClient } from '../../../../kube/client/kube-client.ts';
import type { ReconcileContext, Reconciler, ReconcileResult } from '../../../../kube/runtime/controller.ts';
import type { EventText } from '../events.ts';
import type { Replication, ReplicationStatus } from './api.ts';
import { injectionOf } from './injection.ts';
import type { Injection } from './injection.ts';
import { PRIVILEGED_MOVERS, TOUCHED } from './keys.ts';
import { chooseMover } from './mover/choose-mover.ts';
import { directionOf, jobName } from './names.ts';
import type { Scope, Settings, SyncResult } from './scope.ts';
import { mergePatchBetween } from './state/merge-patch.ts';
import { finished, idle, inProgress, started, stateOf, withError } from './state/status.ts';

/** How often a running sync is checked if no event arrives. */
const IN_PROGRESS_MS = 60_000;

/** The steps that differ between the two kinds. */
export interface Mover {
  /** Called first in every pass. */
  prepare?: (scope: Scope) => Promise<void>;
  synchronize: (scope: Scope) => Promise<SyncResult>;
  cleanUp: (scope: Scope) => Promise<void>;
}

export interface ReplicationReconcilerOptions {
  client: KubeClient;
  kind: Kind<Replication>;
  mover: Mover;
  settings: Settings;
  recordEvent: (regarding: Resource, text: EventText) => void;
  /** Milliseconds since 1970. */
  now?: () => number;
}

/** The result of a pass: a new status, and what happens after it is written. */
interface Outcome {
  status: ReplicationStatus;
  error?: unknown;
  requeueAfterMs?: number;
}

/**
 * Performs one step of the state machine per pass, then one status write, which triggers the next pass. An error is written to
 * the condition and retried with exponential back-off; only a change of the CR or of one of its children triggers a pass sooner.
 */
export class ReplicationReconciler implements Reconciler {
  readonly #options: ReplicationReconcilerOptions;
  readonly #now: () => number;
  /** Syncs (by uid and start) that have had their injected error. */
  readonly #disturbed = new Set<string>();

  constructor(options: ReplicationReconcilerOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  async reconcile(key: Key, context: ReconcileContext): Promise<ReconcileResult> {
    const { client, kind } = this.#options;
    const owner = await client.get(kind, key, { signal: context.signal });
    // Like VolSync, it does not check whether the owner is being deleted.
    if (owner === undefined) return {};
    if (owner.spec?.external !== undefined && isExternalOnly(owner)) return {};
    const privileged = await this.#isPrivileged(key.namespace ?? '', context.signal);
    const outcome = await this.#step(owner, privileged, context);
    await this.#writeStatus(owner, outcome.status, context);
    // Wrapped, because the queue would silently retry a conflict, and one on another object must be reported as an error.
    if (outcome.error !== undefined) throw new Error(messageOf(outcome.error), { cause: outcome.error });
    return outcome.requeueAfterMs === undefined ? {} : { requeueAfterMs: outcome.requeueAfterMs };
  }

  async #step(owner: Replication, privileged: boolean, context: ReconcileContext): Promise<Outcome> {
    const status = initialStatus(owner);
    try {
      const scope = this.#scopeOf(owner, { status, privileged }, context);
      await this.#options.mover.prepare?.(scope);
      return await this.#advance(scope);
    } catch (error) {
      context.signal.throwIfAborted();
      return { status: withError(status, messageOf(error), this.#now()), error };
    }
  }

  async #advance(scope: Scope): Promise<Outcome> {
    const { owner, settings } = scope;
    const trigger = owner.spec?.trigger;
    switch (stateOf(scope.status)) {
      case 'Initial':
        return { status: started(scope.status, this.#now()) };
      case 'Synchronizing': {
        const result = await this.#options.mover.synchronize(scope);
        if (result === 'in-progress') {
          const requeueAfterMs = IN_PROGRESS_MS * settings.timeScale;
          return { status: inProgress(scope.status, this.#now()), requeueAfterMs };
        }
        this.#disturb(scope);
        return { status: finished(scope.status, trigger, this.#now()) };
      }
      case 'CleaningUp': {
        await this.#options.mover.cleanUp(scope);
        const { status, waitMs } = idle(scope.status, trigger, this.#now());
        return waitMs === undefined ? { status } : { status, requeueAfterMs: waitMs };
      }
    }
  }

  #scopeOf(
    owner: Replication,
    { status, privileged }: Pick<Scope, 'status' | 'privileged'>,
    { signal, log }: ReconcileContext,
  ): Scope {
    const { client, settings, recordEvent } = this.#options;
    const choice = chooseMover(owner);
    if (choice.kind !== 'restic') throw new Error('an external replication method is not ours');
    return {
      client,
      settings,
      owner,
      namespace: owner.metadata.namespace ?? '',
      restic: choice.restic,
      status,
      injection: injectionOf(owner),
      privileged,
      now: this.#now(),
      signal,
      log,
      recordEvent,
    };
  }

  async #isPrivileged(namespace: string, signal: AbortSignal): Promise<boolean> {
    const object = await this.#options.client.get(namespaces, { name: namespace }, { signal });
    if (object === undefined) throw new Error(`Namespace ${JSON.stringify(namespace)} not found`);
    return object.metadata.annotations?.[PRIVILEGED_MOVERS]?.toLowerCase() === 'true';
  }

  /** On request, throws the update conflict that VolSync's status shows occasionally. */
  #disturb({ owner, injection, status }: Scope): void {
    if (!injection.transientError) return;
    const sync = `${owner.metadata.uid ?? ''} ${status.lastSyncStartTime ?? ''}`;
    if (this.#disturbed.has(sync)) return;
    this.#disturbed.add(sync);
    const job = JSON.stringify(jobName(directionOf(owner), owner.metadata.name));
    throw new Error(
      `Operation cannot be fulfilled on jobs.batch ${job}: the object has been modified; please apply your changes to the latest version and try again`,
    );
  }

  async #writeStatus(
    owner: Replication,
    after: ReplicationStatus,
    { signal }: ReconcileContext,
  ): Promise<void> {
    const { client, kind } = this.#options;
    const { namespace, name, resourceVersion } = owner.metadata;
    const key = namespace === undefined ? { name } : { namespace, name };
    const status = mergePatchBetween(owner.status ?? {}, after);
    if (status === undefined) return;
    // The resourceVersion makes it an Update: after a concurrent write it fails and the object is read again.
    await client.mergePatch(
      kind,
      key,
      { metadata: { resourceVersion }, status },
      { subresource: 'status', signal },
    );
    const injection: Injection = injectionOf(owner);
    if (!injection.duplicateEvents) return;
    const touched = { metadata: { annotations: { [TOUCHED]: String(this.#now()) } } };
    await client.mergePatch(kind, key, touched, { signal });
  }
}

/** The restic mover initializes its status fields as soon as it is selected, even together with another mover. */
function initialStatus(owner: Replication): ReplicationStatus {
  if (owner.spec?.restic === undefined) return { ...owner.status };
  const status: ReplicationStatus = { latestMoverStatus: {}, ...owner.status };
  if (directionOf(owner) === 'src') status.restic ??= {};
  return status;
}

function isExternalOnly(owner: Replication): boolean {
  try {
    return chooseMover(owner).kind === 'external';
  } catch {
    return false;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

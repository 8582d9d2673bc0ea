import { secrets } from '../../api/kubernetes/core.ts';
import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import type { BackupFacts, MoverOutcome, MoverTarget, RequestKind } from '../../movers/mover.ts';
import { follow, untilNothing, type Look } from './follow.ts';
import { createInventory, namesOf, type Inventory } from './leftovers.ts';
import { boot, type Process } from './process.ts';
import { createRequest, type Asked, type Request, type Snapshot, type Where } from './request.ts';
import type { MoverUnderTest } from './subject.ts';
import { eventually } from './wait.ts';

/** A mover under test, and the operations that cases share. */
export interface Trial {
  readonly subject: MoverUnderTest;
  readonly inventory: Inventory;
  /** Starts a process of the mover that dies after `lastWrite` writes. */
  boot(lastWrite?: number): Promise<Process>;
  /** Returns the path of a repository for this case only. */
  repository(name: string): string;
  /** Creates an empty volume or one with the output of a script, and returns its claim. */
  makeVolume(name: string, script?: string): Promise<string>;
  request(kind: RequestKind, name: string, where: Where & Pick<Asked, 'assertCurrent'>): Request;
  /** Calls the mover until the outcome is final. */
  follow<Facts>(process: Process, request: Request, look: Look<Facts>): Promise<MoverOutcome<Facts>>;
  /** Like {@link follow}, until the mover's own process runs. */
  untilStarted(process: Process, request: Request, look: Look<unknown>): Promise<void>;
  /** Like {@link untilStarted}, and until bytes are reported if the mover reports progress. */
  untilMoving<Facts>(process: Process, request: Request, look: Look<Facts>): Promise<MoverOutcome<Facts>>;
  /** Makes the mover clean up and checks what remains. Returns the snapshots that it reports as saved. */
  cleanUp(process: Process, target: MoverTarget): Promise<readonly string[]>;
  /** @throws Error if a message contains the value of a secret. */
  assertSilent(message: string): void;
  /** Kinds of objects, other than Secret, that were written with values of secrets. */
  readonly toldIn: ReadonlySet<string>;
  /** Ends the processes of failed cases. */
  end(): Promise<void>;
}

const LIMIT_MS = 240_000;

export function createTrial(subject: MoverUnderTest): Trial {
  const { client, namespace, limitMs = LIMIT_MS } = subject;
  const inventory = createInventory(client, namespace);
  const toldIn = new Set<string>();
  const processes: Process[] = [];

  function isTold(text: string): boolean {
    return subject.secretValues.some((value) => text.includes(value));
  }

  function written(kind: Kind<Resource>, body: unknown): void {
    inventory.add(kind);
    if (kind.plural !== secrets.plural && isTold(JSON.stringify(body))) toldIn.add(kind.kind);
  }

  return {
    subject,
    inventory,
    toldIn,
    boot: async (lastWrite) => {
      const process = await boot(subject, written, lastWrite);
      processes.push(process);
      return process;
    },
    end: async () => {
      await Promise.all(processes.map((process) => process.end()));
    },
    repository: (name) => `${namespace}/${name}`,
    request: (kind, name, where) => createRequest(subject, { ...where, kind, name, limitMs: 2 * limitMs }),

    async makeVolume(name, script) {
      const claim = `volume-${name}`;
      await subject.volumes.make(claim);
      if (script !== undefined) await subject.volumes.change(claim, script);
      return claim;
    },

    follow: (process, { target }, look) => follow(process, look, { child: target.name, limitMs }),

    untilStarted: async (process, { target }, look) => {
      await follow(process, look, { child: target.name, limitMs, until: ({ started }) => started });
    },

    untilMoving: (process, { target }, look) => {
      const isTelling = process.mover.capabilities.byteProgress;
      return follow(process, look, {
        child: target.name,
        limitMs,
        until: ({ started, progress }) => started && (!isTelling || (progress?.bytesDone ?? 0) > 0),
      });
    },

    async cleanUp(process, target) {
      const { mover } = process;
      const before = new Set((await inventory.of(target)).map(({ uid }) => uid));
      const request = { ...target, signal: AbortSignal.timeout(limitMs) };
      const saved = new Set<string>();
      const look = async (): Promise<string[]> => {
        // Before the cleanup, which deletes the logs that name the snapshots.
        const ids = target.kind === 'backup' ? await mover.savedSnapshots?.(request) : [];
        for (const id of ids ?? []) saved.add(id);
        return mover.cleanup(request);
      };
      await untilNothing(process, { child: target.name, limitMs }, look);
      await eventually(`the deletion of the garbage of ${target.name}`, async () => {
        const all = await inventory.of(target);
        // Ignores new garbage: an engine may create an object before it sees that its owner was deleted, which no mover can
        // prevent.
        const left = all.filter(({ uid, isGarbage }) => before.has(uid) || !isGarbage);
        if (left.length > 0)
          throw new Error(`cleanup reports that nothing is left, but there is ${namesOf(left)}`);
        return all.length === 0 ? true : undefined;
      });
      return [...saved];
    },

    assertSilent(message) {
      if (isTold(message)) throw new Error('a message shows the value of a secret');
    },
  };
}

/** Backs up a volume, cleanup included. */
export async function backUp(trial: Trial, process: Process, request: Request): Promise<Snapshot> {
  const snapshot = snapshotOf(doneOf(await trial.follow(process, request, request.backup)));
  const saved = await trial.cleanUp(process, request.target);
  if (process.mover.savedSnapshots !== undefined && !saved.some((id) => isSame(id, snapshot.id)))
    throw new Error(`savedSnapshots() names ${saved.join(', ') || 'none'}, and not ${snapshot.id}`);
  return snapshot;
}

/** Restores a snapshot to the volume of a request, cleanup included. */
export async function bringBack(
  trial: Trial,
  process: Process,
  request: Request,
  snapshot: Snapshot,
): Promise<void> {
  const facts = doneOf(await trial.follow(process, request, request.restore(snapshot)));
  if (!isSame(facts.snapshotID, snapshot.id))
    throw new Error(`the request names snapshot ${snapshot.id}, the mover restored ${facts.snapshotID}`);
  await trial.cleanUp(process, request.target);
}

/** Removes a snapshot, cleanup included, and returns true if it did not exist. */
export async function forget(trial: Trial, process: Process, request: Request, id: string): Promise<boolean> {
  const { alreadyGone } = doneOf(await trial.follow(process, request, request.forget(id)));
  await trial.cleanUp(process, request.target);
  return alreadyGone;
}

/** Returns the facts of a successful outcome. @throws Error for any other outcome. */
export function doneOf<Facts>(outcome: MoverOutcome<Facts>): Facts {
  if (outcome.state === 'Done') return outcome.facts;
  const why = outcome.state === 'Failed' ? `${outcome.reason}: ${outcome.message}` : outcome.message;
  throw new Error(`the mover returned ${outcome.state}: ${why}`);
}

/** Returns the snapshot of a backup. @throws Error if the mover names none. */
export function snapshotOf(facts: BackupFacts): Snapshot {
  const { snapshotID, empty } = facts;
  if (empty === true) throw new Error('the mover reported that the volume is empty');
  if (snapshotID === undefined || snapshotID === '') throw new Error('the mover names no snapshot');
  return { id: snapshotID, facts };
}

/** Compares ids, either of which may be shortened. */
export function isSame(one: string, other: string): boolean {
  return one.startsWith(other) || other.startsWith(one);
}

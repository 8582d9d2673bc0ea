import { secrets } from '../../api/kubernetes/core.ts';
import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import type { BackupFacts, MoverOutcome, MoverTarget, RequestKind } from '../../movers/mover.ts';
import { follow, untilNothing, type Look } from './follow.ts';
import { createInventory, namesOf, type Inventory } from './leftovers.ts';
import { boot, type Process } from './process.ts';
import { createRequest, type Asked, type Request, type Snapshot, type Where } from './request.ts';
import type { MoverUnderTest } from './subject.ts';
import { eventually } from './wait.ts';

/** A mover under test, and what the cases do with it alike. */
export interface Trial {
  readonly subject: MoverUnderTest;
  readonly inventory: Inventory;
  /** A process of the mover, which dies after `lastWrite` writes. */
  boot(lastWrite?: number): Promise<Process>;
  /** Path of a repository that nobody else uses. */
  repository(name: string): string;
  /** Makes a volume with what a script writes, or an empty one, and answers its claim. */
  makeVolume(name: string, script?: string): Promise<string>;
  request(kind: RequestKind, name: string, where: Where & Pick<Asked, 'assertCurrent'>): Request;
  /** Asks the mover until the outcome is final. */
  follow<Facts>(process: Process, request: Request, look: Look<Facts>): Promise<MoverOutcome<Facts>>;
  /** As {@link follow}, until the mover's own process runs. */
  untilStarted(process: Process, request: Request, look: Look<unknown>): Promise<void>;
  /** As {@link untilStarted}, and until it has told of bytes if it is one that does. */
  untilMoving<Facts>(process: Process, request: Request, look: Look<Facts>): Promise<MoverOutcome<Facts>>;
  /** Lets the mover clean up and looks for what is left. Answers the snapshots that it says it has saved. */
  cleanUp(process: Process, target: MoverTarget): Promise<readonly string[]>;
  /** @throws Error when a message shows the value of a secret. */
  assertSilent(message: string): void;
  /** Kinds of objects in which values of secrets were written although no secret belongs there. */
  readonly toldIn: ReadonlySet<string>;
  /** Ends the processes of cases that have failed. */
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
        // In this order: what tells of them goes with the rest.
        const ids = target.kind === 'backup' ? await mover.savedSnapshots?.(request) : [];
        for (const id of ids ?? []) saved.add(id);
        return mover.cleanup(request);
      };
      await untilNothing(process, { child: target.name, limitMs }, look);
      await eventually(`the garbage of ${target.name} to go`, async () => {
        const all = await inventory.of(target);
        // An engine that had not yet seen that its owner went may have made it, which no mover can prevent.
        const left = all.filter(({ uid, isGarbage }) => before.has(uid) || !isGarbage);
        if (left.length > 0)
          throw new Error(`cleanup says that nothing is left, but here is ${namesOf(left)}`);
        return all.length === 0 ? true : undefined;
      });
      return [...saved];
    },

    assertSilent(message) {
      if (isTold(message)) throw new Error('a message shows the value of a secret');
    },
  };
}

/** Backs a volume up, to the very end. */
export async function backUp(trial: Trial, process: Process, request: Request): Promise<Snapshot> {
  const snapshot = snapshotOf(doneOf(await trial.follow(process, request, request.backup)));
  const saved = await trial.cleanUp(process, request.target);
  if (process.mover.savedSnapshots !== undefined && !saved.some((id) => isSame(id, snapshot.id)))
    throw new Error(`savedSnapshots() names ${saved.join(', ') || 'none'}, and not ${snapshot.id}`);
  return snapshot;
}

/** Brings a snapshot back onto the volume of a request, to the very end. */
export async function bringBack(
  trial: Trial,
  process: Process,
  request: Request,
  snapshot: Snapshot,
): Promise<void> {
  const facts = doneOf(await trial.follow(process, request, request.restore(snapshot)));
  if (!isSame(facts.snapshotID, snapshot.id))
    throw new Error(`asked for snapshot ${snapshot.id}, the mover restored ${facts.snapshotID}`);
  await trial.cleanUp(process, request.target);
}

/** Removes a snapshot, to the very end, and answers whether it was gone already. */
export async function forget(trial: Trial, process: Process, request: Request, id: string): Promise<boolean> {
  const { alreadyGone } = doneOf(await trial.follow(process, request, request.forget(id)));
  await trial.cleanUp(process, request.target);
  return alreadyGone;
}

/** What the outcome says when it is a success. */
export function doneOf<Facts>(outcome: MoverOutcome<Facts>): Facts {
  if (outcome.state === 'Done') return outcome.facts;
  const why = outcome.state === 'Failed' ? `${outcome.reason}: ${outcome.message}` : outcome.message;
  throw new Error(`the mover says ${outcome.state}: ${why}`);
}

/** A success without proof is none. */
export function snapshotOf(facts: BackupFacts): Snapshot {
  const { snapshotID, empty } = facts;
  if (empty === true) throw new Error('the mover says that the volume is empty');
  if (snapshotID === undefined || snapshotID === '') throw new Error('the mover names no snapshot');
  return { id: snapshotID, facts };
}

/** Ids may be shortened. */
export function isSame(one: string, other: string): boolean {
  return one.startsWith(other) || other.startsWith(one);
}

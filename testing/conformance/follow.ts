import { setTimeout as sleep } from 'node:timers/promises';
import type { Mover, MoverOutcome } from '../../movers/mover.ts';
import type { Process } from './process.ts';
import { isPassing, LOOK_MS } from './wait.ts';

export type Look<Facts> = (mover: Mover) => Promise<MoverOutcome<Facts>>;

type Underway = Extract<MoverOutcome<unknown>, { state: 'InProgress' }>;

export interface Following {
  /** The name of the request's children. */
  child: string;
  /** Time limit, milliseconds. */
  limitMs: number;
  /** Stops following as soon as this returns true. */
  until?: (outcome: Underway) => boolean;
}

/**
 * Calls the mover until the outcome is final, as the controller does: when the mover enqueues the request, or after
 * `requeueAfterMs`. Makes no other calls: a mover that requests none makes its requests wait for their deadlines.
 */
export async function follow<Facts>(
  process: Process,
  look: Look<Facts>,
  { child, limitMs, until = () => false }: Following,
): Promise<MoverOutcome<Facts>> {
  const giveUpAt = Date.now() + limitMs;
  for (;;) {
    const woken = process.nextWake(child);
    const outcome = await tolerant(() => look(process.mover));
    if (outcome !== undefined) {
      if (outcome.state !== 'InProgress' || until(outcome)) return outcome;
      assertLine(outcome.message);
    }
    const left = giveUpAt - Date.now();
    if (left <= 0) throw new Error(`the mover did not end in time; its last message: ${messageOf(outcome)}`);
    const dueMs = outcome === undefined ? LOOK_MS : outcome.requeueAfterMs;
    const isDue = (await isWoken(woken, Math.min(dueMs ?? left, left))) || dueMs !== undefined;
    if (!isDue)
      throw new Error(`the mover did not requeue the request; its last message: ${messageOf(outcome)}`);
  }
}

/** Calls cleanup until nothing remains. Also polls: garbage collection need not enqueue the request. */
export async function untilNothing(
  process: Process,
  { child, limitMs }: Following,
  look: () => Promise<string[]>,
): Promise<void> {
  const giveUpAt = Date.now() + limitMs;
  for (;;) {
    const woken = process.nextWake(child);
    const left = await tolerant(look);
    if (left?.length === 0) return;
    if (Date.now() >= giveUpAt)
      throw new Error(`cleanup did not end in time; left is ${left?.join(', ') ?? ''}`);
    await isWoken(woken, LOOK_MS);
  }
}

/** Returns `undefined` after a transient error of the cluster. */
async function tolerant<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (isPassing(error)) return undefined;
    throw error;
  }
}

async function isWoken(woken: Promise<void>, ms: number): Promise<boolean> {
  const over = new AbortController();
  const timer = sleep(ms, false, { signal: over.signal }).catch(() => false);
  try {
    return await Promise.race([woken.then(() => true), timer]);
  } finally {
    over.abort();
  }
}

/** Asserts that a message for users is not empty and is a single line. */
export function assertLine(message: string): void {
  if (message.trim() === '' || message.includes('\n'))
    throw new Error(`a message for people is one line, not ${JSON.stringify(message)}`);
}

function messageOf(outcome: MoverOutcome<unknown> | undefined): string {
  return outcome === undefined || !('message' in outcome) ? 'nothing' : outcome.message;
}

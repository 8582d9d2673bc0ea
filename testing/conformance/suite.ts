import type { Case } from './cases/case.ts';
import { access } from './cases/access.ts';
import { cancel } from './cases/cancel.ts';
import { crashes } from './cases/crashes.ts';
import { cutShort } from './cases/cut-short.ts';
import { description } from './cases/description.ts';
import { empty } from './cases/empty.ts';
import { history, verification } from './cases/history.ts';
import { oldView } from './cases/old-view.ts';
import { sideBySide } from './cases/side-by-side.ts';
import type { MoverUnderTest } from './subject.ts';
import { namesOf } from './leftovers.ts';
import { createTrial } from './trial.ts';

/** The longest first, because they run in parallel. */
const CASES: readonly Case[] = [
  access,
  history,
  cancel,
  crashes,
  verification,
  cutShort,
  sideBySide,
  empty,
  oldView,
  description,
];

/** The conformance suite, for any test runner: one test per title. */
export interface Conformance {
  /** One per case; the last one checks for what all others have left. */
  readonly titles: readonly string[];
  /** Starts all cases, some at once. Call it once, before {@link check}. */
  start(subject: MoverUnderTest): Promise<void>;
  /** Waits for one case. @throws Error that describes what the mover did instead. */
  check(title: string): Promise<void>;
}

const LAST = 'leaves nothing in the namespace, and no secret outside of Secrets';

const AT_ONCE = 5;

/**
 * Creates the suite for one mover.
 *
 * @example
 * ```ts
 * const suite = moverConformance();
 * before(() => suite.start(subject));
 * for (const title of suite.titles) test(title, () => suite.check(title));
 * ```
 */
export function moverConformance(): Conformance {
  const results = new Map<string, Promise<void>>();
  return {
    titles: [...CASES.map(({ title }) => title), LAST],
    async start(subject) {
      const trial = createTrial(subject);
      const before = new Set((await trial.inventory.all()).map(({ uid }) => uid));
      const limited = createLimiter(subject.atOnce ?? AT_ONCE);
      for (const { title, run } of CASES)
        results.set(
          title,
          limited(() => run(trial)),
        );
      const over = Promise.allSettled(results.values());
      const last = over.then(async () => {
        await trial.end();
        const left = (await trial.inventory.all()).filter(({ uid }) => !before.has(uid));
        if (left.length > 0) throw new Error(`after everything there is ${namesOf(left)}`);
        if (trial.toldIn.size > 0)
          throw new Error(`a secret's value is in a ${[...trial.toldIn].join(', ')}`);
      });
      results.set(LAST, last);
      // Prevents unhandled rejections: each test reports its own error, perhaps later.
      for (const result of results.values()) result.catch(() => undefined);
    },
    async check(title) {
      const result = results.get(title);
      if (result === undefined) throw new Error(`"${title}" is no case, or the suite was not started`);
      await result;
    },
  };
}

type Limiter = (work: () => Promise<void>) => Promise<void>;

/** Limits how many tasks run at once; the others wait for their turn. */
function createLimiter(atOnce: number): Limiter {
  const waiting: (() => void)[] = [];
  let free = atOnce;
  return async (work) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => void waiting.push(resolve));
    try {
      await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free++;
      else next();
    }
  };
}

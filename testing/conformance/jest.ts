import { afterAll, beforeAll, describe, it } from '@jest/globals';
import type { MoverUnderTest } from './subject.ts';
import { moverConformance } from './suite.ts';

/** A mover under test, and how to close it. */
export interface Opened {
  subject: MoverUnderTest;
  close(): Promise<void>;
}

/** Each wait of the suite has its own limit, whose error is more specific. */
const LIMIT_MS = 900_000;

/** Runs the conformance suite as jest tests. Other runners can call `moverConformance()` in the same way. */
export function describeMover(name: string, open: () => Promise<Opened>): void {
  describe(`mover ${name}`, () => {
    const suite = moverConformance();
    let close: (() => Promise<void>) | undefined;

    beforeAll(async () => {
      const opened = await open();
      close = opened.close;
      await suite.start(opened.subject);
    }, LIMIT_MS);

    afterAll(async () => {
      await Promise.allSettled(suite.titles.map((title) => suite.check(title)));
      await close?.();
    }, LIMIT_MS);

    it.each(suite.titles)('%s', (title) => suite.check(title), LIMIT_MS);
  });
}

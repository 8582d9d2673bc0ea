import { afterAll, beforeAll, describe, it } from '@jest/globals';
import type { MoverUnderTest } from './subject.ts';
import { moverConformance } from './suite.ts';

/** A mover under test with what has to be done afterwards. */
export interface Opened {
  subject: MoverUnderTest;
  close(): Promise<void>;
}

/** Every wait of the suite has a limit of its own, whose error says more. */
const LIMIT_MS = 900_000;

/** The conformance suite as tests of jest. Other runners call `moverConformance()` in the same way. */
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

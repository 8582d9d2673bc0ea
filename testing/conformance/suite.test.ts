import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MoverFault } from '../../tests/fakes/memory-mover/faults.ts';
import type { EngineFault } from '../../tests/fakes/memory-mover/repositories.ts';
import { memoryUnderTest } from '../../tests/fakes/memory-mover/under-test.ts';
import { describeMover } from './jest.ts';
import { moverConformance, type Conformance } from './suite.ts';

describeMover('Memory', () =>
  Promise.resolve({ subject: memoryUnderTest(), close: () => Promise.resolve() }),
);

interface Broken {
  fault: MoverFault | EngineFault;
  /** A case that detects the fault, and its message. */
  caughtBy: RegExp;
  saying: RegExp;
}

const IN_THE_MOVER: readonly Broken[] = [
  { fault: 'begins anew after a crash', caughtBy: /process ends/, saying: /none has ended|uploaded once/ },
  {
    fault: 'leaves its Secret',
    caughtBy: /restores the requested/,
    saying: /nothing is left, but here is Secret/,
  },
  {
    fault: 'leaves its Secret to the garbage collector',
    caughtBy: /restores the requested/,
    saying: /nothing is left, but here is Secret/,
  },
  { fault: 'leaves what no request owns', caughtBy: /leaves nothing in/, saying: /Secret cache-of-somebody/ },
  { fault: 'tells the password', caughtBy: /reveals no secret/, saying: /shows the value of a secret/ },
  {
    fault: 'writes the password into its Job',
    caughtBy: /no secret outside of Secrets/,
    saying: /stands in a Job/,
  },
  { fault: 'throws without a Secret', caughtBy: /reveals no secret/, saying: /no Secret/ },
  { fault: 'asks for no other look', caughtBy: /restores the requested/, saying: /asked for no other look/ },
  { fault: 'mixes repositories up', caughtBy: /at once/, saying: /its own snapshot|differs|no other/ },
  { fault: 'names no snapshot', caughtBy: /restores the requested/, saying: /names no snapshot/ },
  {
    fault: 'says that everything is empty',
    caughtBy: /restores the requested/,
    saying: /reported that the volume is empty/,
  },
  { fault: 'is always verified', caughtBy: /verifies/, saying: /changed after it was restored/ },
  { fault: 'takes any setting', caughtBy: /describes itself/, saying: /must be refused/ },
  {
    fault: 'never says that it was gone already',
    caughtBy: /restores the requested/,
    saying: /it was gone already/,
  },
  { fault: 'is done too early', caughtBy: /restores the requested/, saying: /two backups have one snapshot/ },
  { fault: 'does not ask whether the view is old', caughtBy: /view of the request/, saying: /asks whether/ },
  {
    fault: 'uploads all of it again',
    caughtBy: /restores the requested/,
    saying: /10 bytes for a small change/,
  },
  { fault: 'keeps an empty repository', caughtBy: /process ends/, saying: /without snapshots is removed/ },
  { fault: 'cannot clean up what never began', caughtBy: /describes itself/, saying: /there is no Job/ },
];

const IN_THE_ENGINE: readonly Broken[] = [
  {
    fault: 'restores the newest',
    caughtBy: /restores the requested/,
    saying: /the older snapshot, restored, differs/,
  },
  { fault: 'forgets everything', caughtBy: /forgets no other/, saying: /snapshots in the repository/ },
  { fault: 'loses modes', caughtBy: /file by file/, saying: /mode was 0600 and is 0644/ },
  { fault: 'keeps its lock', caughtBy: /at any moment/, saying: /RepositoryLocked/ },
  {
    fault: 'keeps the lock of half an upload',
    caughtBy: /canceled halfway/,
    saying: /RepositoryLocked/,
  },
];

/** Many suites share one process. */
const LIMIT_MS = 120_000;

/** Checks that the suite can fail. */
describe('a mover with one fault', () => {
  const suites = new Map<string, Conformance>();

  beforeAll(async () => {
    const begin = async (fault: string, faults: Parameters<typeof memoryUnderTest>[0]): Promise<void> => {
      const suite = moverConformance();
      suites.set(fault, suite);
      await suite.start(memoryUnderTest(faults));
    };
    for (const { fault } of IN_THE_MOVER) await begin(fault, { mover: fault as MoverFault });
    for (const { fault } of IN_THE_ENGINE) await begin(fault, { engine: fault as EngineFault });
  });

  afterAll(async () => {
    const all = [...suites.values()];
    await Promise.all(
      all.map((suite) => Promise.allSettled(suite.titles.map((title) => suite.check(title)))),
    );
  }, LIMIT_MS);

  it.each([...IN_THE_MOVER, ...IN_THE_ENGINE])(
    'that $fault is caught',
    async ({ fault, caughtBy, saying }) => {
      const suite = suites.get(fault)!;
      const title = suite.titles.find((one) => caughtBy.test(one))!;
      await expect(suite.check(title)).rejects.toThrow(saying);
    },
    LIMIT_MS,
  );
});

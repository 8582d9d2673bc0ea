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
  error: RegExp;
}

const IN_THE_MOVER: readonly Broken[] = [
  { fault: 'starts again after a crash', caughtBy: /process ends/, error: /none has ended|uploaded once/ },
  {
    fault: 'leaves its Secret',
    caughtBy: /restores the requested/,
    error: /nothing is left, but there is Secret/,
  },
  {
    fault: 'leaves its Secret to the garbage collector',
    caughtBy: /restores the requested/,
    error: /nothing is left, but there is Secret/,
  },
  { fault: 'leaves what no request owns', caughtBy: /leaves nothing in/, error: /Secret cache-of-somebody/ },
  { fault: 'prints the password', caughtBy: /reveals no secret/, error: /shows the value of a secret/ },
  {
    fault: 'writes the password into its Job',
    caughtBy: /no secret outside of Secrets/,
    error: /value is in a Job/,
  },
  { fault: 'throws without a Secret', caughtBy: /reveals no secret/, error: /no Secret/ },
  {
    fault: 'never requeues the request',
    caughtBy: /restores the requested/,
    error: /did not requeue the request/,
  },
  { fault: 'mixes repositories up', caughtBy: /at once/, error: /its own snapshot|differs|no other/ },
  { fault: 'names no snapshot', caughtBy: /restores the requested/, error: /names no snapshot/ },
  {
    fault: 'reports every volume as empty',
    caughtBy: /restores the requested/,
    error: /reported that the volume is empty/,
  },
  { fault: 'is always verified', caughtBy: /verifies/, error: /changed after it was restored/ },
  { fault: 'takes any setting', caughtBy: /describes itself/, error: /must be refused/ },
  {
    fault: 'never reports alreadyGone',
    caughtBy: /restores the requested/,
    error: /it was gone already/,
  },
  { fault: 'is done too early', caughtBy: /restores the requested/, error: /two backups have one snapshot/ },
  { fault: 'does not call assertCurrent', caughtBy: /view of the request/, error: /calls assertCurrent/ },
  {
    fault: 'uploads all of it again',
    caughtBy: /restores the requested/,
    error: /10 bytes for a small change/,
  },
  { fault: 'keeps an empty repository', caughtBy: /process ends/, error: /without snapshots is removed/ },
  { fault: 'cannot clean up what never began', caughtBy: /describes itself/, error: /there is no Job/ },
];

const IN_THE_ENGINE: readonly Broken[] = [
  {
    fault: 'restores the newest',
    caughtBy: /restores the requested/,
    error: /the older snapshot, restored, differs/,
  },
  { fault: 'forgets everything', caughtBy: /forgets no other/, error: /snapshots in the repository/ },
  { fault: 'loses modes', caughtBy: /file by file/, error: /mode was 0600 and is 0644/ },
  { fault: 'keeps its lock', caughtBy: /at any moment/, error: /RepositoryLocked/ },
  {
    fault: 'keeps the lock of half an upload',
    caughtBy: /canceled halfway/,
    error: /RepositoryLocked/,
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
    async ({ fault, caughtBy, error }) => {
      const suite = suites.get(fault)!;
      const title = suite.titles.find((one) => caughtBy.test(one))!;
      await expect(suite.check(title)).rejects.toThrow(error);
    },
    LIMIT_MS,
  );
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { formatKey, keyOf } from '../../api/kubernetes/meta.ts';
import { LEFT_BEHIND } from '../fakes/cluster/left-behind.ts';
import { startApiServerFixture, type ApiServerFixture } from './api-server-fixture.ts';
import type { Call } from './intercept.ts';
import { sideBySide } from './side-by-side.ts';
import { stories, type Story } from './stories.ts';
import { runStory, type Outcome } from './run-story.ts';
import { faults, type Fault } from './faults.ts';

/**
 * Whole stories on a real API server, run once per call of the controller and kind of fault. Each must end as if nothing had
 * happened: the data moved once, nothing lost, nothing left over, and the volume with the data never without an owner.
 */

/** Number of stories that run at once; most of the time each of them waits. */
const AT_ONCE = Number(process.env['FAULTS_AT_ONCE'] ?? '24');
/** All cases share one queue, so any of them may end as late as the last. A story that hangs ends long before, by itself. */
const LONGEST_MS = 40 * 60_000;

/** For what is started before all tests and ended after them. */
const START_MS = 5 * 60_000;

interface Tried {
  outcomes: Outcome[];
  problems: string[];
}

/**
 * `FAULTS=all` runs everything; any other value is a regular expression for the names of the cases, `hand-over.*dies` for
 * example. Without it, faults that are equivalent for the controller share the calls.
 */
const { FAULTS } = process.env;
const wanted = new RegExp(FAULTS === undefined || FAULTS === 'all' ? '' : FAULTS);

interface Case {
  name: string;
  story: Story;
  fault: Fault;
}

const ALL = [0, 1, 2];

/** Returns the remainders of the calls at which the fault occurs. */
function thirdsFor({ story, fault }: Omit<Case, 'name'>): readonly number[] {
  if (FAULTS !== undefined) return ALL;
  return (story.isVariant && fault.thirdsOfVariants) ?? fault.thirds ?? ALL;
}

const cases: readonly Case[] = faults
  .flatMap((fault) =>
    stories
      .filter(({ request }) => fault.withdraws === undefined || request !== undefined)
      .map((story) => ({
        story,
        fault,
        name: `${story.name}, whichever call it is at which ${fault.name}`,
      })),
  )
  .filter((one) => wanted.test(one.name) && thirdsFor(one).length > 0);

let apiServer: ApiServerFixture;
const tried = new Map<Case, Promise<Tried>>();
const inTurn = sideBySide(AT_ONCE);

/** All cases that passed. */
const ended: Outcome[] = [];

async function attempt({ story, fault }: Omit<Case, 'name'>, at: number): Promise<Outcome> {
  const outcome = await inTurn(() => runStory(apiServer, story, fault, at));
  ended.push(outcome);
  return outcome;
}

const counted = new Map<Story, Promise<Call[][]>>();

/** Returns the calls of a story without a fault. Their number differs a little from run to run, so the story runs twice. */
function callsOf({ story, fault }: Omit<Case, 'name'>): Promise<Call[][]> {
  const undisturbed = async (): Promise<Call[]> => (await attempt({ story, fault }, Infinity)).calls;
  const calls = counted.get(story) ?? Promise.all([undisturbed(), undisturbed()]);
  counted.set(story, calls);
  return calls;
}

/** Runs the story with the fault at each of its calls. */
async function tryAll(one: Case): Promise<Tried> {
  const all: Tried = { outcomes: [], problems: [] };
  const note = async (at: number): Promise<void> => {
    await attempt(one, at).then(
      (outcome) => all.outcomes.push(outcome),
      (error: unknown) => all.problems.push(error instanceof Error ? error.message : String(error)),
    );
  };
  try {
    const calls = await callsOf(one);
    const count = Math.max(...calls.map((some) => some.filter(one.fault.concerns).length));
    const thirds = thirdsFor(one);
    const due = Array.from({ length: count }, (_, at) => at).filter((at) => thirds.includes(at % 3));
    await Promise.all(due.map(note));
  } catch (error) {
    all.problems.push(error instanceof Error ? error.message : String(error));
  }
  return all;
}

const strikesOf = ({ outcomes }: Tried): number =>
  outcomes.filter(({ struck }) => struck !== undefined).length;

beforeAll(async () => {
  apiServer = await startApiServerFixture();
  for (const one of cases) tried.set(one, tryAll(one));
}, START_MS);
afterAll(() => apiServer.stop(), START_MS);

describe('on a real API server, all is well at the end of', () => {
  it.each(cases)(
    'a $name',
    async (one) => {
      const all = (await tried.get(one))!;
      expect(all.problems).toEqual([]);
      expect(strikesOf(all)).toBeGreaterThan(0);
    },
    LONGEST_MS,
  );

  it(
    'all of them, some time later',
    async () => {
      await Promise.all(tried.values());
      const left = new Set(ended.flatMap((one) => one.left).filter((line) => !line.startsWith('storage ')));
      const found = new Set<string>();
      for (const kind of LEFT_BEHIND) {
        for await (const object of apiServer.client.list(kind))
          found.add(`${kind.kind} ${formatKey(keyOf(object))}`);
      }
      const more = [...found].filter((line) => !left.has(line));
      const missing = [...left].filter((line) => !found.has(line));
      const from = ended.filter(({ isOf }) => [...more, ...missing].some(isOf)).map((one) => one.describe());
      expect([...more, ...missing, ...from].join('\n')).toBe('');
    },
    LONGEST_MS,
  );
});

/** Prints what was run, for readers of the log. */
afterAll(async () => {
  const tries = await Promise.all([...tried].map(async ([one, all]) => ({ one, ...countOf(await all) })));
  for (const story of stories) {
    const mine = tries.filter(({ one }) => one.story === story);
    const detail = mine.map(({ one, strikes }) => `  ${strikes} × ${one.fault.name}\n`).join('');
    process.stdout.write(`${story.name}: ${sumOf(mine)}\n${detail}`);
  }
  process.stdout.write(`in all: ${sumOf(tries)}\n`);
});

interface Count {
  strikes: number;
  failed: number;
}

function countOf(all: Tried): Count {
  return { strikes: strikesOf(all), failed: all.problems.length };
}

function sumOf(counts: readonly Count[]): string {
  const failed = counts.reduce((sum, one) => sum + one.failed, 0);
  const sum = counts.reduce((so, { strikes }) => so + strikes, failed);
  return `${sum} faults tried, ${failed === 0 ? 'all converged' : `${failed} did not end well`}`;
}

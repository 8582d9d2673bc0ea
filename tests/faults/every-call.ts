import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { formatKey, keyOf } from '../../api/kubernetes/meta.ts';
import { LEFT_BEHIND } from '../fakes/cluster/left-behind.ts';
import { startApiServerFixture, type ApiServerFixture } from './api-server-fixture.ts';
import type { Call } from './intercept.ts';
import { sideBySide } from './side-by-side.ts';
import type { Story } from './stories.ts';
import { runStory, type Outcome } from './run-story.ts';
import { faults, type Fault } from './faults.ts';

/** Number of stories that run at once; most of the time each of them waits. */
const AT_ONCE = Number(process.env['FAULTS_AT_ONCE'] ?? '24');
/** All cases share one queue, so any of them may end as late as the last. A story that hangs ends long before, by itself. */
const LONGEST_MS = 40 * 60_000;

/** For what is started before all tests and ended after them. */
const START_MS = 5 * 60_000;

/**
 * `FAULTS=all` runs everything; any other value is a regular expression for the names of the cases, `hand-over.*dies` for
 * example. Without it, faults that are equivalent for the controller share the calls.
 */
const { FAULTS } = process.env;
const wanted = new RegExp(FAULTS === undefined || FAULTS === 'all' ? '' : FAULTS);

const ALL = [0, 1, 2];

interface Case {
  name: string;
  story: Story;
  fault: Fault;
}

interface Tried {
  outcomes: Outcome[];
  problems: string[];
}

/**
 * Defines the tests of whole stories on a real API server of their own, each run once per call of the controller and kind of
 * fault. Each must end as if nothing had happened: the data moved once, nothing lost, nothing left over, and the volume with the
 * data never without an owner.
 */
export function testEveryCall(stories: readonly Story[]): void {
  const cases = casesOf(stories);
  const tried = new Map<Case, Promise<Tried>>();
  let apiServer: ApiServerFixture | undefined;
  let trials!: Trials;

  beforeAll(async () => {
    apiServer = await startApiServerFixture();
    trials = new Trials(apiServer);
    for (const one of cases) tried.set(one, trials.runAll(one));
  }, START_MS);

  /** Prints what was run, for readers of the log. */
  afterAll(async () => {
    const all = await Promise.all(
      [...tried].map(async ([one, result]) => ({ one, ...countOf(await result) })),
    );
    process.stdout.write(summaryOf(stories, all));
    await apiServer?.stop();
  }, START_MS);

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
      expect((await trials.unexpected()).join('\n')).toBe('');
    },
    LONGEST_MS,
  );
}

function casesOf(stories: readonly Story[]): readonly Case[] {
  return faults
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
}

/** Returns the remainders of the calls at which the fault occurs. */
function thirdsFor({ story, fault }: Omit<Case, 'name'>): readonly number[] {
  if (FAULTS !== undefined) return ALL;
  return (story.isVariant && fault.thirdsOfVariants) ?? fault.thirds ?? ALL;
}

/** The runs of all cases on one API server. */
class Trials {
  private readonly inTurn = sideBySide(AT_ONCE);
  /** The runs that passed. */
  private readonly ended: Outcome[] = [];
  private readonly counted = new Map<Story, Promise<Call[][]>>();

  private readonly apiServer: ApiServerFixture;

  constructor(apiServer: ApiServerFixture) {
    this.apiServer = apiServer;
  }

  /** Runs the story with the fault at each of its calls. */
  async runAll(one: Case): Promise<Tried> {
    const all: Tried = { outcomes: [], problems: [] };
    const note = async (at: number): Promise<void> => {
      await this.run(one, at).then(
        (outcome) => all.outcomes.push(outcome),
        (error: unknown) => all.problems.push(messageOf(error)),
      );
    };
    try {
      const calls = await this.callsOf(one);
      const count = Math.max(...calls.map((some) => some.filter(one.fault.concerns).length));
      const thirds = thirdsFor(one);
      const due = Array.from({ length: count }, (_, at) => at).filter((at) => thirds.includes(at % 3));
      await Promise.all(due.map(note));
    } catch (error) {
      all.problems.push(messageOf(error));
    }
    return all;
  }

  /** Returns the objects that exist without being expected or are missing, and the stories they belong to. */
  async unexpected(): Promise<string[]> {
    const left = new Set(
      this.ended.flatMap((one) => one.left).filter((line) => !line.startsWith('storage ')),
    );
    const found = new Set<string>();
    for (const kind of LEFT_BEHIND) {
      for await (const object of this.apiServer.client.list(kind))
        found.add(`${kind.kind} ${formatKey(keyOf(object))}`);
    }
    const more = [...found].filter((line) => !left.has(line));
    const missing = [...left].filter((line) => !found.has(line));
    const lines = [...more, ...missing];
    const from = this.ended.filter(({ isOf }) => lines.some(isOf)).map((one) => one.describe());
    return [...lines, ...from];
  }

  /** Returns the calls of a story without a fault. Their number differs a little from run to run, so the story runs twice. */
  private callsOf({ story, fault }: Case): Promise<Call[][]> {
    const undisturbed = async (): Promise<Call[]> => (await this.run({ story, fault }, Infinity)).calls;
    const calls = this.counted.get(story) ?? Promise.all([undisturbed(), undisturbed()]);
    this.counted.set(story, calls);
    return calls;
  }

  private async run({ story, fault }: Omit<Case, 'name'>, at: number): Promise<Outcome> {
    const outcome = await this.inTurn(() => runStory(this.apiServer, story, fault, at));
    this.ended.push(outcome);
    return outcome;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const strikesOf = ({ outcomes }: Tried): number =>
  outcomes.filter(({ struck }) => struck !== undefined).length;

interface Count {
  strikes: number;
  failed: number;
}

function countOf(all: Tried): Count {
  return { strikes: strikesOf(all), failed: all.problems.length };
}

function summaryOf(stories: readonly Story[], counts: readonly (Count & { one: Case })[]): string {
  const lines = stories.flatMap((story) => {
    const mine = counts.filter(({ one }) => one.story === story);
    return [
      `${story.name}: ${sumOf(mine)}`,
      ...mine.map(({ one, strikes }) => `  ${strikes} × ${one.fault.name}`),
    ];
  });
  return [...lines, `in all: ${sumOf(counts)}`, ''].join('\n');
}

function sumOf(counts: readonly Count[]): string {
  const failed = counts.reduce((sum, one) => sum + one.failed, 0);
  const sum = counts.reduce((so, { strikes }) => so + strikes, failed);
  return `${sum} faults tried, ${failed === 0 ? 'all converged' : `${failed} did not end well`}`;
}

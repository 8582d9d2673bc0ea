import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { formatKey, keyOf } from '../../api/meta.ts';
import { LEFT_BEHIND, startLab, type Lab } from './lab.ts';
import { sideBySide } from './side-by-side.ts';
import { stories, type Story } from './stories.ts';
import { tell, type Outcome } from './telling.ts';
import { troubles, type Trouble } from './troubles.ts';

/**
 * Whole stories on a real API server, told once per call of the controller and kind of trouble. However it is
 * disturbed, each one must end as if nothing had happened: the data moved once, nothing lost, nothing left over, and the
 * volume with the data never without an owner.
 */

/** How many stories go on at once; most of the time each of them waits. */
const AT_ONCE = Number(process.env['FAULTS_AT_ONCE'] ?? '24');
const LONGEST_MS = 15 * 60_000;

interface Tried {
  outcomes: Outcome[];
  problems: string[];
}

/** `FAULTS`, a regular expression, narrows what is tried, `FAULTS='hand-over, the process dies'` for example. */
const wanted = new RegExp(process.env['FAULTS'] ?? '');

interface Case {
  name: string;
  story: Story;
  trouble: Trouble;
}

const cases: readonly Case[] = troubles
  .flatMap((trouble) =>
    stories.map((story) => ({
      story,
      trouble,
      name: `${story.name}, whichever call it is at which ${trouble.name}`,
    })),
  )
  .filter(({ name }) => wanted.test(name));

interface Tried {
  outcomes: Outcome[];
  problems: string[];
}

let lab: Lab;
const tried = new Map<Case, Promise<Tried>>();
const inTurn = sideBySide(AT_ONCE);

/** Tells the story with trouble at every one of its calls. */
async function tryAll({ story, trouble }: Case): Promise<Tried> {
  const all: Tried = { outcomes: [], problems: [] };
  const attempt = (at: number) =>
    inTurn(() => tell(lab, story, trouble, at)).then(
      (outcome) => {
        all.outcomes.push(outcome);
        return outcome;
      },
      (error: unknown) => void all.problems.push(error instanceof Error ? error.message : String(error)),
    );
  // Nothing happens in the first one, which shows how many there are to try.
  const undisturbed = await attempt(Infinity);
  let next = undisturbed?.calls ?? 0;
  await Promise.all(Array.from({ length: next }, (_, at) => attempt(at)));
  while (all.problems.length === 0 && (await attempt(next))?.struck !== undefined) next++;
  return all;
}

const strikesOf = ({ outcomes }: Tried): number =>
  outcomes.filter(({ struck }) => struck !== undefined).length;

beforeAll(async () => {
  lab = await startLab();
  for (const one of cases) tried.set(one, tryAll(one));
}, 120_000);
afterAll(() => lab.stop());

describe('on a real API server, all is well at the end of', () => {
  it.each(cases)(
    'a $name',
    async (one) => {
      const all = (await tried.get(one))!;
      expect(all.problems).toEqual([]);
      expect(strikesOf(all)).toBeGreaterThan(5);
    },
    LONGEST_MS,
  );

  it('all of them, some time later', async () => {
    const all = await Promise.all(tried.values());
    const left = all.flatMap(({ outcomes }) => outcomes.flatMap((outcome) => outcome.left));
    const found: string[] = [];
    for (const kind of LEFT_BEHIND) {
      for await (const object of lab.client.list(kind))
        found.push(`${kind.kind} ${formatKey(keyOf(object))}`);
    }
    expect(found.sort()).toEqual(left.filter((line) => !line.startsWith('storage ')).sort());
  }, 60_000);
});

/** What was tried, for whoever reads the log. */
afterAll(async () => {
  for (const story of stories) {
    const counts = await Promise.all(
      [...tried].map(async ([one, all]) => ({
        one,
        strikes: strikesOf(await all),
        failed: (await all).problems.length,
      })),
    );
    const mine = counts.filter(({ one }) => one.story === story);
    const sum = mine.reduce((so, { strikes, failed }) => so + strikes + failed, 0);
    const failed = mine.reduce((so, one) => so + one.failed, 0);
    const detail = mine.map(({ one, strikes }) => `  ${strikes} × ${one.trouble.name}\n`).join('');
    const verdict = failed === 0 ? 'all converged' : `${failed} did not end well`;
    process.stdout.write(`${story.name}: ${sum} faults tried, ${verdict}\n${detail}`);
  }
});

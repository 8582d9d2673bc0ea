import { isDeepStrictEqual } from 'node:util';
import type { Around, Call } from './intercept.ts';
import type { Lab } from './lab.ts';
import type { Story } from './stories.ts';
import type { Trouble } from './troubles.ts';
import { World } from './world.ts';

/** What became of a story that met trouble at one of its calls, or at none. */
export interface Outcome {
  /** The call at which it came; `undefined` when the story had no more so many. */
  struck: string | undefined;
  /** How many calls there were that it concerns, up to the one it came at. */
  calls: number;
  /** What it has left in the cluster, as it should. */
  left: readonly string[];
}

/** Tells a story with the trouble at the call number `at`, counted from 0; what does not end well is thrown. */
export async function tell(lab: Lab, story: Story, trouble: Trouble, at: number): Promise<Outcome> {
  const world = new World(lab);
  let calls = 0;
  let struck: string | undefined;
  try {
    await world.setUp();
    const told = await story.begin(world);
    const concerns = (call: Call): boolean =>
      struck === undefined && trouble.concerns(call) && (told.counts?.() ?? true) && calls++ === at;
    const unharmed = (): Around => (_, act) => act();
    const process = world.boot((self) => (call, act) => {
      if (!concerns(call)) return act();
      struck = call.text;
      return trouble.strike({ world, process: self, boot: () => world.boot(unharmed) }, act);
    });
    await process.warm;
    process.lead();
    await world.until('the end', () => told.isOver());
    // What is on its way out is gone when the controllers of Kubernetes have done their part.
    await world.until('a clean end', () => isDeepStrictEqual(world.inventory(), told.inventory()));
    await world.catchUp();
    told.verify();
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new Error(
      `${story.name}, ${trouble.name} (${at + 1}: ${struck ?? 'not reached'}): ${text}\n${world.describe()}`,
      { cause: error },
    );
  } finally {
    await world.stop();
  }
  return { struck, calls, left: world.inventory() };
}

import { isDeepStrictEqual } from 'node:util';
import type { Around, Call } from './intercept.ts';
import type { Lab } from './lab.ts';
import type { Story } from './stories.ts';
import type { Told } from './told.ts';
import type { Trouble } from './troubles.ts';
import { World, type Process } from './world.ts';

/** What became of a story that met trouble at one of its calls, or at none. */
export interface Outcome {
  /** The call at which it came; `undefined` when the story had no more so many. */
  struck: string | undefined;
  /** How many calls there were that it concerns, up to the one it came at. */
  calls: number;
  /** What it has left in the cluster, as it should. */
  left: readonly string[];
}

/** Waits until all is well: as the story ends or, when its request was deleted, as before it. */
async function endOf(world: World, told: Told, isGone: (() => boolean) | undefined): Promise<void> {
  const inventory = (isGone && told.withdrawn) ?? told.inventory;
  // What is on its way out is gone when the controllers of Kubernetes have done their part.
  await world.until('a clean end', () => isDeepStrictEqual(world.inventory(), inventory()));
  await world.catchUp();
  if (isGone === undefined) told.verify();
}

/** Tells a story with the trouble at the call number `at`, counted from 0; what does not end well is thrown. */
export async function tell(lab: Lab, story: Story, trouble: Trouble, at: number): Promise<Outcome> {
  const world = new World(lab);
  let calls = 0;
  let struck: string | undefined;
  let isGone: (() => boolean) | undefined;
  const request = story.request?.(world);
  try {
    await world.setUp();
    const told = await story.begin(world);
    const concerns = (call: Call): boolean =>
      struck === undefined && trouble.concerns(call) && (told.counts?.() ?? true) && calls++ === at;
    const unharmed = (): Around => (_, act) => act();
    const boot = (around: (process: Process) => Around): Process => world.boot(around, trouble.elects);
    const process = boot((self) => (call, act) => {
      if (!concerns(call)) return act();
      struck = call.text;
      const withdraw = async (): Promise<void> => {
        if (request === undefined) throw new Error('nothing to delete');
        isGone = () => world.feed.get(request.kind, request.key) === undefined;
        await lab.client.delete(request.kind, request.key);
      };
      return trouble.strike({ world, process: self, boot: () => boot(unharmed), withdraw }, act);
    });
    await process.warm;
    process.lead();
    await world.until('the end', () => (isGone ?? told.isOver)());
    await endOf(world, told, isGone);
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

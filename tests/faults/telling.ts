import { isDeepStrictEqual } from 'node:util';
import { persistentVolumeClaims, persistentVolumes } from '../../api/kubernetes/core.ts';
import { labels } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverDeletes } from '../../api/datamover/v1alpha1/kinds.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { Call } from './intercept.ts';
import type { Lab } from './lab.ts';
import type { Story } from './stories.ts';
import type { Process } from './process.ts';
import { isFree, type Told } from './told.ts';
import type { Trouble } from './troubles.ts';
import { World } from './world.ts';

/** The outcome of a story with a fault at one of its calls, or without one. */
export interface Outcome {
  /** The call at which the fault occurred; `undefined` if the story had fewer calls. */
  struck: string | undefined;
  /** The calls that counted, up to the one with the fault. */
  calls: Call[];
  /** The objects that it has left in the cluster, as expected. */
  left: readonly string[];
  /** Returns true if an object that was found afterwards belongs to this story. */
  isOf(line: string): boolean;
  describe(): string;
}

/** Waits for the expected objects: those at the end of the story or, if its request was deleted, those from before it. */
async function endOf(world: World, told: Told, isGone: (() => boolean) | undefined): Promise<void> {
  const inventory = (isGone && told.withdrawn) ?? told.inventory;
  // Objects in deletion disappear after the controllers of Kubernetes have acted.
  await world.until('a clean end', () => isDeepStrictEqual(world.inventory(), inventory()));
  await world.catchUp();
  assertVisible(world);
  if (isGone === undefined) told.verify();
}

/** Throws unless the objects of the application will be in the next Velero backup. */
function assertVisible({ feed, app }: World): void {
  const claims = feed.list(persistentVolumeClaims).filter(({ metadata }) => metadata.namespace === app);
  const volumes = feed.list(persistentVolumes).filter(({ spec }) => spec.claimRef?.namespace === app);
  const hidden = [...claims, ...volumes].find(
    ({ metadata }) => metadata.labels?.[labels.veleroExclude] !== undefined,
  );
  if (hidden !== undefined)
    throw new Error(`${hidden.kind} ${hidden.metadata.name} still has the label ${labels.veleroExclude}`);
}

/** Runs a story with the fault at call number `at`, from 0. Throws if the story does not end as expected. */
export async function tell(lab: Lab, story: Story, trouble: Trouble, at: number): Promise<Outcome> {
  const world = new World(lab);
  const met: Met = { struck: undefined, calls: [] };

  let problem: Error | undefined;
  const note = (error: unknown): void => {
    problem ??= error instanceof Error ? error : new Error(String(error));
  };
  await live(world, { story, trouble, at, met, client: lab.client }).catch(note);
  const said = problem === undefined ? '' : world.describe();
  // Whatever happened in the story, its first error is reported.
  await world.stop().catch(note);
  const where = `${story.name}, ${trouble.name} (${at + 1}: ${met.struck ?? 'not reached'})`;
  if (problem === undefined) return outcomeOf(world, met, where);
  throw new Error(`${where}: ${problem.message}\n${said}`, { cause: problem });
}

function outcomeOf(world: World, met: Met, where: string): Outcome {
  // Does not keep the world, which contains all versions of every object.
  const { app, protected: velero, journal } = world;
  return {
    ...met,
    left: world.inventory(),
    isOf: (line) => line.includes(` ${app}/`) || line.includes(` ${velero}/`),
    describe: () => `${where}:\n${journal.tell()}`,
  };
}

type Met = Pick<Outcome, 'struck' | 'calls'>;

interface Plan {
  story: Story;
  trouble: Trouble;
  at: number;
  /** Is kept up to date. */
  met: Met;
  client: KubeClient;
}

async function live(world: World, { story, trouble, at, met, client }: Plan): Promise<void> {
  let isGone: (() => boolean) | undefined;
  /** True while the fault is active: its effects may occur after everything else. */
  let isStriking = false;
  await world.setUp();
  const told = await story.begin(world);
  const request = story.request?.(world);
  const isDue = (call: Call): boolean => {
    if (met.struck !== undefined || !(told.counts?.(call) ?? true)) return false;
    met.calls.push(call);
    return trouble.concerns(call) && met.calls.filter(trouble.concerns).length === at + 1;
  };
  const withdraw = async (): Promise<void> => {
    if (request === undefined) throw new Error('nothing to delete');
    // The data that it has saved by then is deleted by a DataMoverDelete, which continues without the request.
    isGone = () =>
      world.feed.get(request.kind, request.key) === undefined &&
      world.feed.list(dataMoverDeletes).every((one) => one.status?.phase === 'Completed' && isFree(one));
    await client.delete(request.kind, request.key);
  };
  const boot = (): Process =>
    world.boot(
      (process) => async (call, act) => {
        if (!isDue(call)) return act();
        met.struck = call.text;
        world.journal.note(`${call.text}: ${trouble.name}`);
        isStriking = true;
        try {
          return await trouble.strike({ world, process, boot, withdraw }, act);
        } finally {
          isStriking = false;
          world.stir();
        }
      },
      { ...(trouble.elects && { elects: true }), ...(story.crew && { crew: story.crew }) },
    );
  await world.takeOver(boot());
  await world.until('the end', () => !isStriking && (isGone ?? told.isOver)());
  await endOf(world, told, isGone);
}

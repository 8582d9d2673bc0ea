import { isDeepStrictEqual } from 'node:util';
import { persistentVolumeClaims, persistentVolumes } from '../../api/kubernetes/core.ts';
import { labels } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverDeletes } from '../../api/datamover/v1alpha1/kinds.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { Call } from './intercept.ts';
import type { ApiServerFixture } from './api-server-fixture.ts';
import type { Story } from './stories.ts';
import type { Process } from './process.ts';
import { isFree, type Expectation } from './expectation.ts';
import type { Fault } from './faults.ts';
import { StoryHarness } from './story-harness.ts';

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
async function endOf(
  harness: StoryHarness,
  expected: Expectation,
  isGone: (() => boolean) | undefined,
): Promise<void> {
  const inventory = (isGone && expected.withdrawn) ?? expected.inventory;
  // Objects in deletion disappear after the controllers of Kubernetes have acted.
  await harness.until('a clean end', () => isDeepStrictEqual(harness.inventory(), inventory()));
  await harness.catchUp();
  assertVisible(harness);
  if (isGone === undefined) expected.verify();
}

/** Throws unless the objects of the application will be in the next Velero backup. */
function assertVisible({ feed, app }: StoryHarness): void {
  const claims = feed.list(persistentVolumeClaims).filter(({ metadata }) => metadata.namespace === app);
  const volumes = feed.list(persistentVolumes).filter(({ spec }) => spec.claimRef?.namespace === app);
  const hidden = [...claims, ...volumes].find(
    ({ metadata }) => metadata.labels?.[labels.veleroExclude] !== undefined,
  );
  if (hidden !== undefined)
    throw new Error(`${hidden.kind} ${hidden.metadata.name} still has the label ${labels.veleroExclude}`);
}

/** Runs a story with the fault at call number `at`, from 0. Throws if the story does not end as expected. */
export async function runStory(
  apiServer: ApiServerFixture,
  story: Story,
  fault: Fault,
  at: number,
): Promise<Outcome> {
  const harness = new StoryHarness(apiServer);
  const occurrence: Occurrence = { struck: undefined, calls: [] };

  let problem: Error | undefined;
  const note = (error: unknown): void => {
    problem ??= error instanceof Error ? error : new Error(String(error));
  };
  await runToEnd(harness, { story, fault, at, occurrence, client: apiServer.client }).catch(note);
  const said = problem === undefined ? '' : harness.describe();
  // Whatever happened in the story, its first error is reported.
  await harness.stop().catch(note);
  const where = `${story.name}, ${fault.name} (${at + 1}: ${occurrence.struck ?? 'not reached'})`;
  if (problem === undefined) return outcomeOf(harness, occurrence, where);
  throw new Error(`${where}: ${problem.message}\n${said}`, { cause: problem });
}

function outcomeOf(harness: StoryHarness, occurrence: Occurrence, where: string): Outcome {
  // Does not keep the harness, which contains all versions of every object.
  const { app, protected: velero, callLog } = harness;
  return {
    ...occurrence,
    left: harness.inventory(),
    isOf: (line) => line.includes(` ${app}/`) || line.includes(` ${velero}/`),
    describe: () => `${where}:\n${callLog.print()}`,
  };
}

type Occurrence = Pick<Outcome, 'struck' | 'calls'>;

interface Plan {
  story: Story;
  fault: Fault;
  at: number;
  /** Is kept up to date. */
  occurrence: Occurrence;
  client: KubeClient;
}

async function runToEnd(
  harness: StoryHarness,
  { story, fault, at, occurrence, client }: Plan,
): Promise<void> {
  let isGone: (() => boolean) | undefined;
  /** True while the fault is active: its effects may occur after everything else. */
  let isStriking = false;
  await harness.setUp();
  const expected = await story.begin(harness);
  const request = story.request?.(harness);
  const isDue = (call: Call): boolean => {
    if (occurrence.struck !== undefined || !(expected.counts?.(call) ?? true)) return false;
    occurrence.calls.push(call);
    return fault.concerns(call) && occurrence.calls.filter(fault.concerns).length === at + 1;
  };
  const withdraw = async (): Promise<void> => {
    if (request === undefined) throw new Error('nothing to delete');
    // The data that it has saved by then is deleted by a DataMoverDelete, which continues without the request.
    isGone = () =>
      harness.feed.get(request.kind, request.key) === undefined &&
      harness.feed.list(dataMoverDeletes).every((one) => one.status?.phase === 'Completed' && isFree(one));
    await client.delete(request.kind, request.key);
  };
  const boot = (): Process =>
    harness.boot(
      (process) => async (call, act) => {
        if (!isDue(call)) return act();
        occurrence.struck = call.text;
        harness.callLog.note(`${call.text}: ${fault.name}`);
        isStriking = true;
        try {
          return await fault.strike({ harness, process, boot, withdraw }, act);
        } finally {
          isStriking = false;
          harness.notify();
        }
      },
      { ...(fault.elects && { elects: true }), ...(story.parts && { parts: story.parts }) },
    );
  await harness.takeOver(boot());
  await harness.until('the end', () => !isStriking && (isGone ?? expected.isOver)());
  await endOf(harness, expected, isGone);
}

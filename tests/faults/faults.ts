import { sleep, systemClock } from '../../kube/runtime/clock.ts';
import { LeadershipLostError } from '../../kube/runtime/leader-election.ts';
import { ClientReason, KubeError } from '../../kube/client/kube-error.ts';
import { CrashError } from '../fakes/fake-kube.ts';
import { isWrite, type Call } from './intercept.ts';
import type { Process } from './process.ts';
import type { StoryHarness } from './story-harness.ts';

/** The state of a story when the fault occurs. */
export interface Scene {
  harness: StoryHarness;
  /** The process that makes the call. */
  process: Process;
  /** Starts a process that takes over; no further fault occurs at its calls. */
  boot(): Process;
  /** Deletes the request of the story, as its owner may. */
  withdraw(): Promise<unknown>;
}

/** A fault of one call. */
export interface Fault {
  name: string;
  concerns(call: Call): boolean;
  /**
   * In a short run the fault occurs only at calls whose number modulo three is one of these. Faults that are equivalent for the
   * controller share the calls. Default: every call.
   */
  thirds?: readonly number[];
  /** The same for stories that are variants of others; default: as for the others. */
  thirdsOfVariants?: readonly number[];
  /** True if the request is deleted when the story ends. */
  withdraws?: true;
  /** True if a Lease determines the leader. */
  elects?: true;
  /** `act` sends the call to the API server. The controller receives what is thrown. */
  strike<R>(scene: Scene, act: () => Promise<R>): Promise<R>;
}

const anyCall = (): boolean => true;

function die({ process, harness, boot }: Scene): never {
  process.kill();
  harness.beside(harness.takeOver(boot()));
  throw new CrashError('the process died');
}

function answers(error: ConstructorParameters<typeof KubeError>[0]): Pick<Fault, 'concerns' | 'strike'> {
  return { concerns: anyCall, strike: () => Promise.reject(new KubeError(error)) };
}

const TIMEOUT = { code: 0, reason: ClientReason.timeout, message: 'no answer within 30 s' };

/** Changes the leader: the old one's write arrives after the new one, whose caches do not contain it, has started to work. */
async function changeLeader<R>({ process, harness, boot }: Scene, act: () => Promise<R>): Promise<never> {
  const next = boot();
  await harness.wait('warm caches', next.warm);
  process.kill();
  const write = comeLate(next, next.leads, act);
  next.lead();
  await write;
  throw new LeadershipLostError('another process leads');
}

/**
 * Delays the write until after the first call of the next leader and completes it before the second: even on a busy machine it
 * arrives in the middle of that leader's work and not after it.
 */
async function comeLate<R>(next: Process, leads: Promise<void>, act: () => Promise<R>): Promise<R> {
  const begun = leads.then(() => Promise.race([next.firstCall, sleep(systemClock, UNDER_WAY_MS)]));
  const write = begun.then(act);
  next.hold(write.catch(() => undefined));
  return write;
}

/** Maximum time for which a write of the old leader is pending, if the new leader makes no call. */
const UNDER_WAY_MS = 500;

/**
 * Pauses the leader in the middle of a write, like a suspended machine: it no longer renews its lease, another process acquires
 * it and starts to work, and then the write arrives. The old leader does nothing after it.
 */
async function outliveLease<R>({ process, harness, boot }: Scene, act: () => Promise<R>): Promise<R> {
  process.pause();
  const next = boot();
  const write = comeLate(next, harness.wait('the next leader', next.leads), act);
  await harness.takeOver(next);
  const answer = await write;
  process.resume();
  // It is notified before another process may lead.
  await harness.wait('the end of the former leader', process.lost);
  return answer;
}

/**
 * Cuts the process off from the API server until its lease is lost, so it ends; after a restart it continues from what exists.
 */
async function loseLease<R>({ process, harness }: Scene, act: () => Promise<R>): Promise<R> {
  process.pause();
  await harness.wait('the loss of the lease', process.lost);
  return act();
}

export const faults: readonly Fault[] = [
  {
    name: 'the process dies right before it',
    concerns: isWrite,
    // The next process finds the same state as after a crash right after the previous write.
    thirds: [0],
    thirdsOfVariants: [],
    strike: async (scene) => die(scene),
  },
  {
    name: 'the process dies right after it',
    concerns: isWrite,
    async strike(scene, act) {
      await act();
      return die(scene);
    },
  },
  {
    name: 'another process becomes the leader during it',
    concerns: isWrite,
    thirdsOfVariants: [0],
    strike: (scene, act) => changeLeader(scene, act),
  },
  {
    name: 'its lease runs out during it',
    concerns: isWrite,
    thirds: [0],
    thirdsOfVariants: [],
    elects: true,
    strike: (scene, act) => outliveLease(scene, act),
  },
  {
    name: 'its lease is lost during it, and nobody else is there',
    concerns: isWrite,
    thirds: [1],
    thirdsOfVariants: [],
    elects: true,
    strike: (scene, act) => loseLease(scene, act),
  },
  {
    name: 'its request is deleted right after it',
    concerns: isWrite,
    thirdsOfVariants: [0],
    withdraws: true,
    async strike({ withdraw }, act) {
      const answer = await act();
      await withdraw();
      return answer;
    },
  },
  {
    name: 'the watches miss what comes after it',
    concerns: isWrite,
    thirdsOfVariants: [0],
    async strike({ harness }, act) {
      harness.feed.deafen();
      return act();
    },
  },
  {
    name: 'it meets a conflict',
    thirdsOfVariants: [0],
    ...answers({ code: 409, reason: 'Conflict', message: '409 Conflict, once' }),
    concerns: isWrite,
  },
  {
    name: 'the server has too many requests',
    thirds: [0],
    thirdsOfVariants: [],
    ...answers({ code: 429, reason: 'TooManyRequests', message: '429, once', retryAfterMs: 1_000 }),
  },
  {
    name: 'the server fails',
    thirds: [1],
    ...answers({ code: 500, reason: 'InternalError', message: '500 InternalError, once' }),
  },
  { name: 'it times out', thirds: [2], thirdsOfVariants: [], ...answers(TIMEOUT) },
  {
    name: 'it is done but its answer times out',
    concerns: isWrite,
    thirdsOfVariants: [0],
    async strike(_, act) {
      await act();
      throw new KubeError(TIMEOUT);
    },
  },
];

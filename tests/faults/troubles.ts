import { sleep, systemClock } from '../../kube/runtime/clock.ts';
import { LeadershipLostError } from '../../kube/runtime/leader-election.ts';
import { ClientReason, KubeError } from '../../kube/client/kube-error.ts';
import { CrashError } from '../fakes/fake-kube.ts';
import { isWrite, type Call } from './intercept.ts';
import type { Process } from './process.ts';
import type { World } from './world.ts';

/** Where and in what a story is when the trouble comes. */
export interface Scene {
  world: World;
  /** Whose call it is. */
  process: Process;
  /** A process that takes over is started like this; no further trouble comes at its calls. */
  boot(): Process;
  /** Deletes the request that the story is about, as its owner may. */
  withdraw(): Promise<unknown>;
}

/** What happens to one call. */
export interface Trouble {
  name: string;
  concerns(call: Call): boolean;
  /**
   * In a run that must be short it comes only at the calls whose number leaves one of these remainders when divided by three.
   * Troubles that are alike to the controller share the calls between them. Default: it comes at every call.
   */
  thirds?: readonly number[];
  /** The same for stories that are variants of others; default: as for the others. */
  thirdsOfVariants?: readonly number[];
  /** The story ends with the request gone. */
  withdraws?: true;
  /** Who leads is decided by a Lease. */
  elects?: true;
  /** `act` does the call at the API server. What is thrown is what the controller gets. */
  strike<R>(scene: Scene, act: () => Promise<R>): Promise<R>;
}

const anyCall = (): boolean => true;

function die({ process, world, boot }: Scene): never {
  process.kill();
  world.beside(world.takeOver(boot()));
  throw new CrashError('the process died');
}

function answers(error: ConstructorParameters<typeof KubeError>[0]): Pick<Trouble, 'concerns' | 'strike'> {
  return { concerns: anyCall, strike: () => Promise.reject(new KubeError(error)) };
}

const TIMEOUT = { code: 0, reason: ClientReason.timeout, message: 'no answer within 30 s' };

/** The old leader's write arrives after the new one, whose caches do not show it, has begun to work. */
async function changeLeader<R>({ process, world, boot }: Scene, act: () => Promise<R>): Promise<never> {
  const next = boot();
  await world.wait('warm caches', next.warm);
  process.kill();
  const write = comeLate(next, next.leads, act);
  next.lead();
  await write;
  throw new LeadershipLostError('another process leads');
}

/**
 * The write arrives once the next leader has made its first call, and is over before that one has made its second: however
 * busy the machine is, it comes into the middle of its work and not after the end of it.
 */
async function comeLate<R>(next: Process, leads: Promise<void>, act: () => Promise<R>): Promise<R> {
  const begun = leads.then(() => Promise.race([next.firstCall, sleep(systemClock, UNDER_WAY_MS)]));
  const write = begun.then(act);
  next.hold(write.catch(() => undefined));
  return write;
}

/** Longest time that a write of the old leader is under way, should the new one have nothing to ask or to do. */
const UNDER_WAY_MS = 500;

/**
 * The leader stands still in the middle of a write, as a machine that was paused: it renews its lease no more, another
 * process takes it and begins to work, and then the write arrives. What comes after it is not done any more.
 */
async function outliveLease<R>({ process, world, boot }: Scene, act: () => Promise<R>): Promise<R> {
  process.pause();
  const next = boot();
  const write = comeLate(next, world.wait('the next leader', next.leads), act);
  await world.takeOver(next);
  const answer = await write;
  process.resume();
  // It knows before anybody else may lead.
  await world.wait('the end of the former leader', process.lost);
  return answer;
}

/** The API server is out of its reach until its lease is lost, so it ends; started again, it goes on with what it finds. */
async function loseLease<R>({ process, world }: Scene, act: () => Promise<R>): Promise<R> {
  process.pause();
  await world.wait('the loss of the lease', process.lost);
  return act();
}

export const troubles: readonly Trouble[] = [
  {
    name: 'the process dies right before it',
    concerns: isWrite,
    // The next process finds what it finds when this one dies right after the write before.
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
    async strike({ world }, act) {
      world.feed.deafen();
      return act();
    },
  },
  {
    name: 'it meets a conflict',
    thirdsOfVariants: [0],
    ...answers({ code: 409, reason: 'Conflict', message: '409 Conflict, once' }),
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

import { createDataMover } from '../../controller/datamover/app.ts';
import { builtInMovers } from '../../movers/registry.ts';
import { createInformerSet } from '../../kube/cache/informer-set.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { whenAborted } from '../../kube/runtime/abort.ts';
import { LeadershipLostError } from '../../kube/runtime/leader-election.ts';
import type { Runnable } from '../../kube/manager.ts';
import { CrashError } from '../fakes/fake-kube.ts';
import { whyTaken } from '../fakes/hidden.ts';
import { createCandidate } from './candidate.ts';
import { intercept, type Around } from './intercept.ts';
import type { ProcessCallLog } from './call-log.ts';

/** A controller with caches and queues of its own, like one process. */
export interface Process {
  /** Resolves when its caches are filled. */
  readonly warm: Promise<void>;
  /** Resolves when it makes its first call. */
  readonly firstCall: Promise<void>;
  /** Delays all of its calls but the first until this resolves. */
  hold(until: Promise<unknown>): void;
  /** Starts its work; before that it only fills its caches, as on standby. */
  lead(): void;
  /** From now on nothing that it does has an effect, except what it has already sent. */
  kill(): void;
  /** Resolves when it leads. */
  readonly leads: Promise<void>;
  /** Prevents the renewal of its lease. */
  pause(): void;
  resume(): void;
  /** Resolves when it stops because it lost its lease. */
  readonly lost: Promise<void>;
  /** Resolves when everything of it has ended. */
  readonly ended: Promise<'killed' | 'lost'>;
}

/**
 * The parts of a controller that run. Classes are shared by all stories, so the reconciler of classes runs only in the stories
 * about classes.
 */
export type ProcessParts = 'requests' | 'requests and janitor' | 'classes';

export interface ProcessOptions {
  client: KubeClient;
  /** If set, the process leads only while it holds the Lease, which it acquires with this client. */
  elections: KubeClient | undefined;
  /** The protected namespace. */
  namespace: string;
  clusterName: string;
  callLog: ProcessCallLog;
  parts: ProcessParts;
  /** Called for what the process must never do, however its story ends. */
  onProblem(problem: Error): void;
  /** Wraps every call that it makes. */
  around(process: Process): Around;
}

/** Starts a process on standby. */
export function startProcess({
  elections,
  namespace,
  clusterName,
  callLog,
  parts,
  around,
  ...options
}: ProcessOptions): Process {
  const stop = new AbortController();
  const leading = new AbortController();
  const [firstCall, onCall] = signalOf();
  const [leads, onLead] = signalOf();
  const [lost, onLost] = signalOf();
  const life: Life = { isDead: false, held: undefined };
  const kill = (): void => {
    life.isDead = true;
    stop.abort(new LeadershipLostError('the process died'));
  };
  const client = clientOf({ ...options, callLog }, life, {
    onCall,
    around: (call, act) => around(process)(call, act),
  });
  const { log, clock } = callLog;
  const informers = createInformerSet({ client, log, clock });
  const dataMover = createDataMover({
    client,
    informerSet: informers,
    namespace,
    clusterName,
    movers: builtInMovers,
    reporter: { report: () => undefined },
    log,
    clock,
    reach: () => Promise.resolve(403),
    janitorIntervalMs: JANITOR_INTERVAL_MS,
  });
  const mirroring = informers.run(stop.signal);
  const warm = informers.waitForSync({ timeoutMs: 120_000, signal: stop.signal });
  // It may have no other handler when the process is killed.
  warm.catch(() => undefined);
  const candidate = elections && createCandidate(elections, namespace);

  async function work(signal: AbortSignal): Promise<void> {
    onLead();
    signal.addEventListener('abort', () => {
      life.isDead = true;
      if (!stop.signal.aborted) onLost();
    });
    await Promise.all(runnersOf(parts, dataMover).map((one) => one.run(signal)));
  }

  async function live(): Promise<'killed' | 'lost'> {
    await Promise.race([whenAborted(leading.signal), whenAborted(stop.signal)]);
    try {
      await (candidate ? candidate.run(stop.signal, work) : work(stop.signal));
      return 'killed';
    } catch (error) {
      // As in main.ts: a process that has lost its lease ends.
      if (!(error instanceof LeadershipLostError)) throw error;
      return stop.signal.aborted ? 'killed' : 'lost';
    } finally {
      kill();
      await mirroring;
      callLog.close();
    }
  }

  const process: Process = {
    warm,
    firstCall,
    leads,
    lost,
    ended: live(),
    hold(until) {
      life.held = until;
    },
    lead: () => leading.abort(),
    kill,
    pause: () => candidate?.pause(),
    resume: () => candidate?.resume(),
  };
  return process;
}

/** What decides whether the calls of a process have an effect. */
interface Life {
  isDead: boolean;
  /** Delays all calls but the first. */
  held: Promise<unknown> | undefined;
}

function clientOf(
  { client, callLog, onProblem }: Pick<ProcessOptions, 'client' | 'callLog' | 'onProblem'>,
  life: Readonly<Life>,
  { onCall, around }: { onCall: () => void; around: Around },
): KubeClient {
  let calls = 0;
  return intercept(client, async (call, act) => {
    onCall();
    if (calls++ > 0) await life.held;
    if (life.isDead) throw new CrashError('the process died');
    const why = call.created && whyTaken(call.created);
    if (why !== undefined) onProblem(new Error(why));
    return callLog.during(call.text, () => around(call, act));
  });
}

const JANITOR_INTERVAL_MS = 3_000;

function runnersOf(
  parts: ProcessParts,
  { controllers, janitor }: ReturnType<typeof createDataMover>,
): Runnable[] {
  const ofClasses = controllers.filter(({ name }) => name === 'class');
  if (parts === 'classes') return ofClasses;
  const ofRequests = controllers.filter((one) => !ofClasses.includes(one));
  return parts === 'requests' ? ofRequests : [...ofRequests, janitor];
}

function signalOf(): [Promise<void>, () => void] {
  let fire: () => void = () => undefined;
  return [new Promise<void>((resolve) => (fire = resolve)), () => fire()];
}

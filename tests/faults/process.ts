import { createDataMover } from '../../controller/data-mover.ts';
import { builtInMovers } from '../../controller/movers/registry.ts';
import { createInformerSet } from '../../kube/cache/informer-set.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { whenAborted } from '../../kube/runtime/abort.ts';
import { LeadershipLostError } from '../../kube/runtime/leader-election.ts';
import { silentLogger } from '../../telemetry/log.ts';
import { CrashError } from '../fakes/fake-kube.ts';
import { createCandidate } from './candidate.ts';
import { intercept, type Around } from './intercept.ts';

/** A controller with caches and queues of its own, as one process would have. */
export interface Process {
  /** Resolves when its caches are filled. */
  readonly warm: Promise<void>;
  /** Resolves when it makes its first call. */
  readonly firstCall: Promise<void>;
  /** Lets it work; before that it only mirrors, as on standby. */
  lead(): void;
  /** From now on nothing that it does has an effect, except what it has sent already. */
  kill(): void;
  /** Resolves when it leads. */
  readonly leads: Promise<void>;
  /** Keeps it from renewing its lease. */
  pause(): void;
  resume(): void;
  /** Resolves when it stops working because it lost its lease. */
  readonly lost: Promise<void>;
  /** Resolves when nothing of it is left. */
  readonly ended: Promise<'killed' | 'lost'>;
}

export interface ProcessOptions {
  client: KubeClient;
  /** With it the process leads only while it has the Lease, which it asks for over this client. */
  elections: KubeClient | undefined;
  /** The protected namespace. */
  namespace: string;
  clusterName: string;
  /** Sees every call that it makes. */
  around(process: Process): Around;
}

/** A process on standby. */
export function startProcess({
  elections,
  namespace,
  clusterName,
  around,
  ...options
}: ProcessOptions): Process {
  const stop = new AbortController();
  const leading = new AbortController();
  const [firstCall, onCall] = signalOf();
  const [leads, onLead] = signalOf();
  const [lost, onLost] = signalOf();
  let isDead = false;
  const kill = (): void => {
    isDead = true;
    stop.abort(new LeadershipLostError('the process died'));
  };
  const client = intercept(options.client, async (call, act) => {
    onCall();
    if (isDead) throw new CrashError('the process died');
    return around(process)(call, act);
  });
  const informers = createInformerSet({ client, log: silentLogger });
  const { controllers } = createDataMover({
    client,
    informers,
    namespace,
    clusterName,
    movers: builtInMovers,
    reporter: { report: () => undefined },
    log: silentLogger,
  });
  // All stories share one class: who writes its status first would be none of a story's calls.
  const ofStories = controllers.filter(({ name }) => name !== 'class');
  const mirroring = informers.run(stop.signal);
  const warm = informers.waitForSync({ timeoutMs: 60_000, signal: stop.signal });
  // Nobody may be waiting for it any more when the process is killed.
  warm.catch(() => undefined);
  const candidate = elections && createCandidate(elections, namespace);

  async function work(signal: AbortSignal): Promise<void> {
    onLead();
    signal.addEventListener('abort', () => {
      isDead = true;
      if (!stop.signal.aborted) onLost();
    });
    await Promise.all(ofStories.map((one) => one.run(signal)));
  }

  async function live(): Promise<'killed' | 'lost'> {
    await Promise.race([whenAborted(leading.signal), whenAborted(stop.signal)]);
    try {
      await (candidate ? candidate.run(stop.signal, work) : work(stop.signal));
      return 'killed';
    } catch (error) {
      // As in main.ts: whoever has lost its lease ends.
      if (!(error instanceof LeadershipLostError)) throw error;
      return stop.signal.aborted ? 'killed' : 'lost';
    } finally {
      kill();
      await mirroring;
    }
  }

  const process: Process = {
    warm,
    firstCall,
    leads,
    lost,
    ended: live(),
    lead: () => leading.abort(),
    kill,
    pause: () => candidate?.pause(),
    resume: () => candidate?.resume(),
  };
  return process;
}

function signalOf(): [Promise<void>, () => void] {
  let fire: () => void = () => undefined;
  return [new Promise<void>((resolve) => (fire = resolve)), () => fire()];
}

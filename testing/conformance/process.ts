import { systemClock } from '../../kube/runtime/clock.ts';
import { createInformerSet } from '../../kube/cache/informer-set.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import type { Mover } from '../../movers/mover.ts';
import { createCleaner } from '../../kube/runtime/deleter.ts';
import { createCreator } from '../../kube/runtime/creator.ts';
import { silentLogger } from '../../telemetry/log.ts';
import type { MoverUnderTest } from './subject.ts';

/** The mover in a simulated process, which shares no memory with others. */
export interface Process {
  readonly mover: Mover;
  readonly isDead: boolean;
  /** Resolves when the mover enqueues a request, by the name of its children. */
  nextWake(child: string): Promise<void>;
  end(): Promise<void>;
}

/** Called for each write of any process. */
export type Written = (kind: Kind<Resource>, body: unknown) => void;

/** Thrown by the client of a dead process. Not a KubeError, so that a mover does not treat it as a response of the API server. */
export class ProcessDied extends Error {
  override readonly name = 'ProcessDied';
}

const SYNC_MS = 120_000;

/**
 * Starts a process. It dies after `lastWrite` writes have taken effect, before the response to the last one arrives. Default:
 * never.
 */
export async function boot(
  { install, client, namespace }: MoverUnderTest,
  written: Written,
  lastWrite = Infinity,
): Promise<Process> {
  const stop = new AbortController();
  const life = { isDead: false, writes: 0 };
  const waiting = new Map<string, (() => void)[]>();
  const mortal = mortalClient(client, async (act, write) => {
    if (life.isDead) throw new ProcessDied('the process is dead');
    const answer = await act();
    // Deleting an object that does not exist is not a write.
    if (write === undefined || answer === false) return answer;
    written(write.kind, write.body);
    if (++life.writes < lastWrite) return answer;
    life.isDead = true;
    throw new ProcessDied('the process died after a write');
  });
  const informers = createInformerSet({ client: mortal, log: silentLogger });
  const now = (): Date => new Date();
  const wake = (child: string): void => {
    for (const look of waiting.get(child) ?? []) look();
    waiting.delete(child);
  };
  const mover = install({
    client: mortal,
    informers,
    namespace,
    creator: createCreator({
      client: mortal,
      clock: systemClock,
      wake: () => {
        for (const child of waiting.keys()) wake(child);
      },
    }),
    cleaner: createCleaner(mortal),
    now,
    clock: systemClock,
    log: silentLogger,
    wake,
  });
  const mirroring = informers.run(stop.signal);
  await informers.waitForSync({ timeoutMs: SYNC_MS });
  return {
    mover,
    get isDead() {
      return life.isDead;
    },
    nextWake: (child) =>
      new Promise((resolve) => void waiting.set(child, [...(waiting.get(child) ?? []), resolve])),
    end: async () => {
      life.isDead = true;
      stop.abort(new ProcessDied('the process has ended'));
      await mirroring;
    },
  };
}

type Around = <R>(act: () => Promise<R>, write?: { kind: Kind<Resource>; body: unknown }) => Promise<R>;

/** Returns the client with `around` applied to every call except the lists and watches of informers. */
function mortalClient(client: KubeClient, around: Around): KubeClient {
  return {
    ...client,
    get: (kind, key, options) => around(() => client.get(kind, key, options)),
    create: (kind, object, options) =>
      around(() => client.create(kind, object, options), { kind, body: object }),
    apply: (kind, object, options) =>
      around(() => client.apply(kind, object, options), { kind, body: object }),
    applyStatus: (kind, object, options) =>
      around(() => client.applyStatus(kind, object, options), { kind, body: object }),
    mergePatch: (kind, key, patch, options) =>
      around(() => client.mergePatch(kind, key, patch, options), { kind, body: patch }),
    delete: (kind, key, options) => around(() => client.delete(kind, key, options), { kind, body: key }),
    async *list(kind, options) {
      await around(() => Promise.resolve());
      yield* client.list(kind, options);
    },
    async *podLog(key, options) {
      await around(() => Promise.resolve());
      yield* client.podLog(key, options);
    },
  };
}

import { expect, it } from '@jest/globals';
import { configMaps, type ConfigMap } from '../api/kubernetes/core.ts';
import { keyOf, type Kind, type Resource } from '../api/kubernetes/meta.ts';
import type { Lister } from '../kube/cache/lister.ts';
import { createInformerSet } from '../kube/cache/informer-set.ts';
import { createCreator, type Creator } from '../kube/runtime/creator.ts';
import { createCleaner, type Cleaner } from '../kube/runtime/deleter.ts';
import { silentLogger } from '../telemetry/log.ts';
import { createFakeClock } from '../tests/fakes/fake-clock.ts';
import { FakeKube } from '../tests/fakes/fake-kube.ts';
import { createAdmission } from './admission/admission.ts';
import { childIdentity, requestUidOf, type ChildIdentity } from './request/child-identity.ts';
import { untilGone } from './request/run-cleanup.ts';
import type { LifecycleDependencies } from './request/loop.ts';
import type { AnyRequestType, RequestScope, RequestType } from './request/request-type.ts';
import type { RequestStatus } from './request-status.ts';
import { checkpoint, done, type Step } from './request/step.ts';
import { createRequestControllers } from './request-controllers.ts';

/**
 * A product with one kind of requests: a Greeting writes its text into a ConfigMap and completes. It uses lifecycle/ and kube/
 * alone, so it proves that nothing in them needs the data mover. docs/development/add-a-product.md refers to it.
 */
interface GreetingStatus extends RequestStatus {
  writtenAt?: string;
}

interface Greeting extends Resource {
  spec: { text: string };
  status?: GreetingStatus;
}

interface GreetingScope extends RequestScope<GreetingStatus> {
  text: string;
  child: ChildIdentity;
}

const greetings: Kind<Greeting> = {
  group: 'toy.example.com',
  version: 'v1',
  kind: 'Greeting',
  plural: 'greetings',
  namespaced: true,
};

const NAMESPACE = 'toys';
const KEY = { namespace: 'app', name: 'hello' };

interface Tools {
  creator: Creator;
  cleaner: Cleaner;
  texts: Lister<ConfigMap>;
}

function stepsOf({ creator, cleaner, texts }: Tools): Record<'write' | 'remove', Step<GreetingScope>> {
  const write: Step<GreetingScope> = {
    name: 'write',
    async run({ status, text, child, signal, now }) {
      if (status.writtenAt !== undefined) return done;
      const { name, labels, annotations } = child;
      const map: ConfigMap = {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name, namespace: NAMESPACE, labels, annotations },
        data: { text },
      };
      await creator.createOnce(configMaps, map, signal);
      status.writtenAt = now.toISOString();
      return checkpoint;
    },
  };
  const remove: Step<GreetingScope> = {
    name: 'remove',
    async run({ child, signal }) {
      const key = { namespace: NAMESPACE, name: child.name };
      const cached = texts.get(`${NAMESPACE}/${child.name}`);
      return untilGone(
        await cleaner.remove(requestUidOf(child), [{ kind: configMaps, key, cached }], signal),
      );
    },
  };
  return { write, remove };
}

function startToys(): { kube: FakeKube; settle(): Promise<void>; stop(): Promise<void> } {
  const clock = createFakeClock();
  const kube = new FakeKube({ clock });
  const client = kube.client();
  const set = createInformerSet({ client, clock, random: () => 0 });
  const requests = set.informer(greetings);
  const texts = set.informer(configMaps, { namespace: NAMESPACE });
  const cleaner = createCleaner(client);
  const creator = createCreator({ client, clock, wake: (child) => controllers.enqueueOwner(child) });
  const deps: LifecycleDependencies = {
    client,
    self: 'toys/controller',
    vocabulary: { finalizer: 'toy.example.com/greeting', warning: 'ToyWarning' },
    admission: createAdmission({
      words: { pool: 'list', mutex: 'text' },
      slotOf: () => ({ pool: '', mutex: '', node: undefined }),
      bounds: { perPool: () => 1, perNode: () => 1, nodes: () => 1 },
      onOffer: () => undefined,
    }),
    cleaner,
    reporter: { report: () => undefined },
    observers: [],
    now: () => new Date(clock.now()),
    clock,
  };

  const { write, remove } = stepsOf({ creator, cleaner, texts: texts.store });
  const type: RequestType<Greeting, GreetingStatus, GreetingScope> = {
    kind: greetings,
    lister: requests.store,
    steps: [write],
    cleanup: [remove],
    orphans: { dueAt: () => undefined, exist: () => Promise.resolve(false) },
    isForeign: () => false,
    mustBeClaimed: () => false,
    resolve: () => ({ deadlines: { stagingSeconds: 60, cleanUpSeconds: 60 } }),
    cleanupContext: () => ({ deadlines: { stagingSeconds: 60, cleanUpSeconds: 60 } }),
    unwanted: () => undefined,
    open: ({ request, context: { signal }, ...pass }) => ({
      ...pass,
      signal,
      text: request.spec.text,
      child: childIdentity({ kind: 'greeting', prefix: 'toy' }, request, deps.self),
    }),
    succeeded: ({ writtenAt }) => writtenAt !== undefined,
    phase: () => 'Writing',
    facts: ({ writtenAt }) => [['Written', writtenAt !== undefined]],
    successMessage: () => 'the text is written',
    report: () => undefined,
  };
  const types = { greeting: type as unknown as AnyRequestType };
  const controllers = createRequestControllers(deps, types, { log: silentLogger, clock, workers: 1 });
  requests.onChange((before, after) => {
    const request = after ?? before;
    if (request !== undefined) controllers.byKind.greeting.enqueue(keyOf(request));
  });

  const stop = new AbortController();
  const running = [set.run(stop.signal), controllers.byKind.greeting.run(stop.signal)];
  return {
    kube,
    settle: () => clock.advance(30_000),
    async stop() {
      stop.abort();
      await clock.advance(60_000);
      await Promise.all(running);
    },
  };
}

it('runs the request of a product that has nothing to do with data to Completed, and leaves nothing', async () => {
  const toys = startToys();
  const written: unknown[] = [];
  toys.kube.seed(greetings, {
    apiVersion: 'toy.example.com/v1',
    kind: 'Greeting',
    metadata: KEY,
    spec: { text: 'hello' },
  });
  await toys.settle();
  for (const call of toys.kube.writeCalls()) if (call.verb === 'create') written.push(call.kind.kind);
  const greeting = toys.kube.peek(greetings, KEY);
  expect(greeting?.status).toMatchObject({
    phase: 'Completed',
    message: 'the text is written',
    conditions: [
      { type: 'Written', status: 'True' },
      { type: 'CleanedUp', status: 'True' },
      { type: 'Ready', status: 'True' },
    ],
  });
  expect(written).toEqual(['ConfigMap']);
  expect(greeting?.metadata.finalizers ?? []).toEqual([]);
  expect(toys.kube.peekAll(configMaps)).toEqual([]);
  await toys.stop();
});

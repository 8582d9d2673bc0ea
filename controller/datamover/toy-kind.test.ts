import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { dataMoverClasses } from '../../api/datamover/v1alpha1/kinds.ts';
import { CHILD_PREFIXES, type RequestKind } from '../../api/datamover/v1alpha1/names.ts';
import { persistentVolumeClaims, type PersistentVolumeClaim } from '../../api/kubernetes/core.ts';
import { keyOf, type Kind, type Resource } from '../../api/kubernetes/meta.ts';
import type { Lister } from '../../kube/cache/lister.ts';
import { requestUidOf } from '../../lifecycle/request/child-identity.ts';
import { untilGone } from '../../lifecycle/request/run-cleanup.ts';
import type { AnyRequestType } from '../../lifecycle/request/request-type.ts';
import { checkpoint, done, waiting, type StepResult } from '../../lifecycle/request/step.ts';
import { APP, ControllerHarness } from '../../tests/fakes/cluster/controller-harness.ts';
import type { Environment } from './environment.ts';
import { REQUEST_KINDS } from './kinds.ts';
import type { RequestKindDescriptor } from './request-kind.ts';
import { requestType, type DataMoverScope } from './request-type.ts';
import { bindClass } from './resolution/resolve-class.ts';
import { admit, type MovingStatus } from './transfer-steps.ts';

/**
 * A fifth kind of requests, made of what docs/development/add-a-kind.md lists: coordinates, a prefix, and one descriptor. A Toy
 * creates a staging claim, waits for a mark on it, deletes it and completes.
 */

interface ToyStatus extends MovingStatus {
  playedAt?: string;
}

interface Toy extends Resource {
  spec: { repository: string };
  status?: ToyStatus;
}

type ToyScope = DataMoverScope<ToyStatus> & { request: Toy };

const toys: Kind<Toy> = {
  group: 'oadp.openshift.io',
  version: 'v1alpha1',
  kind: 'Toy',
  plural: 'toys',
  namespaced: true,
};
const TOY = 'toy' as RequestKind;
const MARK = 'example.com/played';
const ALL = CHILD_PREFIXES as Record<string, string>;

const listerOf = ({ listers }: Environment): Lister<Toy> =>
  (listers as unknown as { toys: Lister<Toy> }).toys;

async function play({ env, child, status, now, signal }: ToyScope): Promise<StepResult> {
  if (status.playedAt !== undefined) return done;
  status.movingSince ??= now.toISOString();
  const { name, labels, annotations } = child;
  const metadata = { namespace: env.namespace, name, labels, annotations };
  const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
  const claim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata, spec };
  await env.creator.createOnce(persistentVolumeClaims, claim, signal);
  const found = env.listers.claims.get(`${env.namespace}/${name}`);
  if (found?.metadata.annotations?.[MARK] === undefined) return waiting('waiting for the mark');
  status.playedAt = now.toISOString();
  return checkpoint;
}

async function remove({ env, child, signal }: ToyScope): Promise<StepResult> {
  const key = { namespace: env.namespace, name: child.name };
  const cached = env.listers.claims.get(`${key.namespace}/${key.name}`);
  const target = { kind: persistentVolumeClaims, key, cached };
  return untilGone(await env.cleaner.remove(requestUidOf(child), [target], signal));
}

function toyRequest(env: Environment): AnyRequestType {
  const type = requestType<Toy, ToyStatus, ToyScope>(env, {
    name: TOY,
    kind: toys,
    lister: listerOf(env),
    isShared: false,
    steps: [
      { name: 'admit', run: (scope) => admit(scope, TOY, scope.request.metadata.uid ?? '') },
      { name: 'play', run: play },
    ],
    cleanup: [{ name: 'remove', run: remove }],
    choose: () => bindClass(env.movers, env.listers.classes.get('volsync')!, {}),
    unwanted: () => undefined,
    open(scope, request) {
      scope.status.repositoryPath = request.spec.repository;
      return { ...scope, request };
    },
    succeeded: ({ playedAt }) => playedAt !== undefined,
    phase: ({ movingSince }) => (movingSince === undefined ? 'Queued' : 'Playing'),
    facts: ({ playedAt }) => [['Played', playedAt !== undefined]],
    successMessage: () => 'played',
    report: () => undefined,
  });
  return type;
}

/** Names of the toys in each call of the sweep. */
let swept: string[][];

const toyKind = {
  kind: toys,
  isProtected: false,
  cache: {},
  perClass: () => 1,
  perNode: () => 5,
  create: toyRequest,
  sweep: (_, all) => {
    swept.push(all.map(({ metadata: { name } }) => name));
    return Promise.resolve();
  },
} satisfies Omit<RequestKindDescriptor, 'kind' | 'sweep'> & {
  kind: Kind<Toy>;
  sweep: (round: unknown, all: readonly Toy[]) => Promise<void>;
};

let harness: ControllerHarness;

beforeEach(async () => {
  swept = [];
  ALL[TOY] = 'toy';
  harness = new ControllerHarness();
  harness.kinds = { ...REQUEST_KINDS, [TOY]: toyKind };
  await harness.start();
});

afterEach(async () => {
  await harness.stop();
  delete ALL[TOY];
});

function addToy(name: string, repository = name): void {
  harness.kube.seed(toys, {
    apiVersion: 'oadp.openshift.io/v1alpha1',
    kind: 'Toy',
    metadata: { namespace: APP, name },
    spec: { repository },
  });
}

const toy = (name: string): Toy | undefined => harness.kube.peek(toys, { namespace: APP, name });
const stagingClaims = (): PersistentVolumeClaim[] =>
  harness.kube.peekAll(persistentVolumeClaims).filter(({ metadata }) => metadata.name.startsWith('toy-'));
const isPlaying = (name: string) => (): boolean => toy(name)?.status?.phase === 'Playing';
const isCompleted = (name: string) => (): boolean => toy(name)?.status?.phase === 'Completed';

/** Ends the wait of the toy that plays. */
function mark(): void {
  for (const claim of stagingClaims())
    harness.kube.edit(persistentVolumeClaims, keyOf(claim), ({ metadata }) => {
      metadata.annotations = { ...metadata.annotations, [MARK]: 'true' };
    });
}

describe('a kind that is only a descriptor', () => {
  it('is reconciled when a request or one of its children changes, and leaves nothing', async () => {
    addToy('a');
    await harness.until(isPlaying('a'));
    expect(toy('a')?.metadata.finalizers).toHaveLength(1);
    mark();
    await harness.until(isCompleted('a'), 5_000);
    const { message, dataMoverClass, conditions = [] } = toy('a')?.status ?? {};
    expect({ message, dataMoverClass }).toEqual({ message: 'played', dataMoverClass: 'volsync' });
    expect(conditions.map(({ type, status }) => [type, status])).toContainEqual(['Played', 'True']);
    expect(stagingClaims()).toEqual([]);
    expect(toy('a')?.metadata.finalizers ?? []).toEqual([]);
  });

  it('is admitted within the limit of its descriptor, one after the other', async () => {
    addToy('a');
    await harness.until(isPlaying('a'));
    addToy('b');
    await harness.until(() => toy('b')?.status?.phase === 'Queued');
    expect(toy('b')?.status).toMatchObject({
      queue: { ahead: 0, reason: '1 of 1 slots of DataMoverClass volsync are in use' },
    });
    mark();
    await harness.until(isPlaying('b'));
    expect(isCompleted('a')()).toBe(true);
  });

  it('counts as user of its class until it has ended', async () => {
    addToy('a');
    await harness.until(isPlaying('a'));
    const inUse = () => harness.kube.peek(dataMoverClasses, { name: 'volsync' })?.status?.inUse;
    await harness.until(() => inUse() !== undefined);
    expect(JSON.stringify(inUse())).toContain('app/a');
    mark();
    await harness.until(() => isCompleted('a')() && inUse() === undefined);
  });

  it('is swept by the janitor', async () => {
    addToy('a');
    await harness.advance(600_000, 10_000);
    expect(swept.at(-1)).toEqual(['a']);
  });

  it('loses late children: a claim of the former leader that appears after the cleanup', async () => {
    addToy('a');
    await harness.until(isPlaying('a'));
    const { metadata, ...rest } = structuredClone(stagingClaims()[0]!);
    mark();
    await harness.until(isCompleted('a'));
    const { namespace, name, labels, annotations } = metadata;
    harness.kube.seed(persistentVolumeClaims, {
      ...rest,
      metadata: { namespace, name, labels, annotations } as typeof metadata,
    });
    await harness.advance(1_500_000, 10_000);
    expect(stagingClaims()).toEqual([]);
  });
});

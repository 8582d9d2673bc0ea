import { formatKey, type Key, type Kind, type Resource } from '../../../api/kubernetes/meta.ts';
import type { KubeClient } from '../../../kube/client/kube-client.ts';

const WATCH_SECONDS = 300;

export interface Expectation<T> {
  /** Completes the error message, e.g. `to be bound`. */
  to: string;
  /** Default two minutes. */
  timeoutMs?: number;
  when: (object: T) => boolean;
}

/** Watches one object until it exists and is as expected; the error contains its last state. */
export async function until<T extends Resource>(
  kube: KubeClient,
  kind: Kind<T>,
  key: Key,
  expectation: Expectation<T>,
): Promise<T> {
  const when = (object: T | undefined): object is T => object !== undefined && expectation.when(object);
  return (await watchUntil(kube, kind, key, { ...expectation, when })) as T;
}

export async function untilGone<T extends Resource>(
  kube: KubeClient,
  kind: Kind<T>,
  key: Key,
): Promise<void> {
  await watchUntil(kube, kind, key, { to: 'to be gone', when: (object) => object === undefined });
}

async function watchUntil<T extends Resource>(
  kube: KubeClient,
  kind: Kind<T>,
  key: Key,
  { to, timeoutMs = 120_000, when }: Expectation<T | undefined>,
): Promise<T | undefined> {
  const signal = AbortSignal.timeout(timeoutMs);
  let last: T | undefined;
  try {
    for await (last of versionsOf(kube, kind, key, signal)) if (when(last)) return last;
    throw new Error('the watch ended');
  } catch (cause) {
    const why = signal.aborted ? `not within ${String(timeoutMs / 1000)} s` : String(cause);
    const now = last === undefined ? 'not there' : JSON.stringify(last, withoutNoise, 2);
    throw new Error(`waiting for ${kind.kind} ${formatKey(key)} ${to}: ${why}; it is ${now}`, { cause });
  }
}

/** Yields the current object and each new version; `undefined` while it does not exist. */
async function* versionsOf<T extends Resource>(
  kube: KubeClient,
  kind: Kind<T>,
  { namespace, name }: Key,
  signal: AbortSignal,
): AsyncGenerator<T | undefined> {
  const where = {
    ...(namespace !== undefined && { namespace }),
    fieldSelector: `metadata.name=${name}`,
    signal,
  };
  const limits = { timeoutSeconds: WATCH_SECONDS, idleTimeoutMs: WATCH_SECONDS * 1000 };
  while (!signal.aborted) {
    const { items, resourceVersion } = await kube.listPage(kind, where);
    yield items[0];
    for await (const { type, object } of kube.watch(kind, { ...where, ...limits, resourceVersion })) {
      if (type !== 'BOOKMARK') yield type === 'DELETED' ? undefined : object;
    }
  }
}

function withoutNoise(key: string, value: unknown): unknown {
  return key === 'managedFields' ? undefined : value;
}

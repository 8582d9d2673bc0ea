import { formatKey, type Key, type Kind, type Resource } from '../../api/kubernetes/meta.ts';
import type { Call } from './call.ts';
import type { Caller } from './caller.ts';
import { type Deadline, startDeadline, timeoutOf } from './deadline.ts';
import type { PodLogOptions, WatchEvent, WatchOptions } from './kube-client.ts';
import { ClientReason, KubeError, type StatusBody } from './kube-error.ts';
import { readLines } from './lines.ts';
import { collectionPath, objectPath, queryString } from './resource-path.ts';

type RawEvent<T extends Resource> = WatchEvent<T> | { type: 'ERROR'; object: StatusBody };

/**
 * Opens a watch with bookmarks. It ends if the server ends it. Throws a KubeError if the server reports an error, if the
 * connection breaks, or if no byte arrives for `idleTimeoutMs` (the sign of a half-open connection).
 */
export async function* openWatch<T extends Resource>(
  caller: Caller,
  kind: Kind<T>,
  options: WatchOptions & { headersMs: number },
): AsyncGenerator<WatchEvent<T>> {
  const { namespace, labelSelector, fieldSelector, resourceVersion, timeoutSeconds } = options;
  const call: Call = {
    verb: 'watch',
    kind: kind.kind,
    ...(namespace === undefined ? {} : { key: namespace }),
    method: 'GET',
    path:
      collectionPath(kind, namespace) +
      queryString({
        watch: true,
        allowWatchBookmarks: true,
        labelSelector,
        fieldSelector,
        resourceVersion,
        timeoutSeconds,
      }),
    idempotent: false,
    signal: options.signal,
  };
  const deadline = startDeadline({
    signal: options.signal,
    limitMs: Math.min(options.headersMs, options.idleTimeoutMs),
    describe: (limitMs) => ({
      reason: ClientReason.idle,
      message: `watch ${kind.kind}: no data from the API server for ${String(limitMs / 1000)} s`,
    }),
  });
  for await (const line of streamLines(caller, call, deadline, {
    idleMs: options.idleTimeoutMs,
    ...(options.onOpen === undefined ? {} : { onOpen: options.onOpen }),
  })) {
    if (line === '') continue;
    const event = parseEvent<T>(line, call);
    if (event.type === 'ERROR') throw KubeError.fromStatus(event.object, call);
    yield event;
  }
}

/** Reads the lines of a container's log. A followed log has no time limit: for a quiet container not even headers arrive. */
export async function* followLog(
  caller: Caller,
  key: Key,
  options: PodLogOptions & { limitMs: number },
): AsyncGenerator<string> {
  const { container, follow, tailLines, sinceTime, timestamps } = options;
  const pods: Kind<Resource> = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true };
  const call: Call = {
    verb: 'read log of',
    kind: 'Pod',
    key: formatKey(key),
    method: 'GET',
    path: objectPath(pods, key, 'log') + queryString({ container, follow, tailLines, sinceTime, timestamps }),
    idempotent: false,
    signal: options.signal,
  };
  const deadline = startDeadline({
    signal: options.signal,
    ...(follow === true ? {} : { limitMs: options.limitMs }),
    describe: timeoutOf(`read log of Pod ${formatKey(key)}`),
  });
  yield* streamLines(caller, call, deadline, { longest: LONGEST_LOG_LINE });
}

/** Characters. Logs contain file names and repository content, and a container may print without line ends. */
const LONGEST_LOG_LINE = 64 * 1024;

/** Opens the call and reads it line by line. Every byte extends the deadline; after the headers it is `idleMs`, if given. */
async function* streamLines(
  caller: Caller,
  call: Call,
  deadline: Deadline,
  options: { idleMs?: number; longest?: number; onOpen?: () => void } = {},
): AsyncGenerator<string> {
  try {
    const { body } = await caller.open(call, deadline);
    deadline.extend(options.idleMs);
    options.onOpen?.();
    yield* readLines(body, { onData: () => deadline.extend(), longest: options.longest });
  } catch (caught) {
    if (deadline.signal.aborted) throw deadline.signal.reason;
    throw KubeError.from(caught, call);
  } finally {
    deadline.clear();
  }
}

function parseEvent<T extends Resource>(line: string, call: Call): RawEvent<T> {
  try {
    return JSON.parse(line) as RawEvent<T>;
  } catch (cause) {
    const message = `watch ${call.kind}: a line that is not JSON: ${line.slice(0, 200)}`;
    throw new KubeError({ code: 0, reason: ClientReason.badAnswer, message, cause });
  }
}

import type { Pod } from '../../../api/kubernetes/core.ts';
import { formatKey, keyOf } from '../../../api/kubernetes/meta.ts';
import type { KubeClient } from '../../../kube/client/kube-client.ts';
import { isNotFound, KubeError } from '../../../kube/client/kube-error.ts';
import { sleep, type Clock } from '../../../kube/runtime/clock.ts';
import type { Logger } from '../../../telemetry/log.ts';
import { createMovement, isState } from '../job/movement.ts';

/** The log of a mover's pod, as far as it has been read. */
export interface PodLog {
  /** The first lines and the last, oldest first. */
  lines: readonly string[];
  /** When a line last came that shows movement; undefined before the first. */
  movedAt: Date | undefined;
  /** True when the stream has ended after the container. */
  complete: boolean;
}

/**
 * Follows the logs of mover pods: one stream per pod while it runs, no polling. restic's progress and the
 * reason of a failure are in there and nowhere else.
 */
export interface PodLogs {
  /** Starts to follow if that has not begun, and gives what is known. */
  of(pod: Pod, onLine: () => void): PodLog;
  /** What is known of all pods of a Job, of those that are gone too. */
  ofJob(job: string): readonly PodLog[];
  /** What a pod has printed by now; nothing when it is gone. */
  read(pod: Pod, signal: AbortSignal): Promise<readonly string[]>;
  /** A pod is gone: what it has printed and does not come soon is lost, with its node for example. */
  gone(uid: string): void;
  /** Ends the streams of a Job's pods and forgets their lines. */
  drop(job: string): void;
}

interface Followed {
  /** As last seen. */
  pod: Pod;
  lines: string[];
  movedAt: Date | undefined;
  complete: boolean;
  onLine: () => void;
  /** The container has ended: what it has printed can be read to its end. */
  ended: AbortController;
  stop: AbortController;
}

/** How a stream ended: after the container's last line, before anybody knew that there is no other, or with an error. */
type StreamEnd = 'Complete' | 'Early' | 'Broken';

/** A mover that prints more does not grow our memory. */
const MAX_LINES = 200;

/** What a mover does it reports first, and how that ended last; names of files stand between the two, in whatever number. */
const FIRST_LINES = 100;

/** Waits before a stream that broke is opened again; after the last one the log counts as read. */
const PAUSES_MS = [1_000, 2_000, 5_000, 10_000, 30_000];

/** How long the end of a log may come after its pod has gone. */
const LAST_WORDS_MS = 10_000;

/** A stream that held this long was a good one: its end says nothing about the next. */
const GOOD_STREAM_MS = 60_000;

export function createPodLogs(client: KubeClient, log: Logger, clock: Clock): PodLogs {
  const followed = new Map<string, Followed>();

  /** `Complete` also where nobody can read the last line any more. */
  async function readThrough(entry: Followed, onLine: () => void): Promise<StreamEnd> {
    const container = entry.pod.spec.containers[0]?.name;
    const lines: string[] = [];
    const moves = createMovement();
    try {
      for await (const line of client.podLog(keyOf(entry.pod), {
        follow: true,
        signal: entry.stop.signal,
        ...(container !== undefined && { container }),
      })) {
        // Every stream tells the log from its beginning.
        entry.lines = lines;
        lines.push(line);
        if (lines.length > MAX_LINES) forgetOne(lines);
        if (moves(line)) entry.movedAt = new Date(clock.now());
        onLine();
      }
      return hasEnded(entry.pod) ? 'Complete' : 'Early';
    } catch (error) {
      const err = KubeError.from(error);
      if (!entry.stop.signal.aborted)
        log.debug({ err, pod: formatKey(keyOf(entry.pod)) }, 'the log stream of a mover pod broke');
      return isNotFound(err) ? 'Complete' : 'Broken';
    }
  }

  async function follow(entry: Followed, onLine: () => void): Promise<void> {
    const { signal } = entry.stop;
    // The kubelet ends the stream with the container, and tells of the latter up to two seconds later.
    const endOrStop = AbortSignal.any([signal, entry.ended.signal]);
    for (let failures = 0; failures < PAUSES_MS.length; failures++) {
      const openedAt = clock.monotonic();
      const end = await readThrough(entry, onLine);
      if (end === 'Complete') break;
      if (clock.monotonic() - openedAt >= GOOD_STREAM_MS) failures = 0;
      // Who would look at the log may have ended, and is not to be kept by it.
      await sleep(clock, PAUSES_MS[failures] ?? 0, end === 'Early' ? endOrStop : signal, false);
      if (signal.aborted) return;
    }
    entry.complete = true;
    onLine();
  }

  const entriesOf = (job: string): Followed[] =>
    [...followed.values()].filter(({ pod }) => jobNameOf(pod) === job);

  return {
    of(pod, onLine) {
      const uid = pod.metadata.uid ?? '';
      const known = followed.get(uid);
      if (known !== undefined) {
        known.pod = pod;
        if (hasEnded(pod)) known.ended.abort();
        return known;
      }
      const entry: Followed = {
        pod,
        lines: [],
        movedAt: undefined,
        complete: false,
        onLine,
        ended: new AbortController(),
        stop: new AbortController(),
      };
      // Before its container has started there is no log to follow.
      if (!hasStarted(pod)) return entry;
      followed.set(uid, entry);
      void follow(entry, onLine);
      return entry;
    },
    ofJob: (job) => entriesOf(job),
    gone(uid) {
      const entry = followed.get(uid);
      if (entry === undefined) return;
      clock.after(LAST_WORDS_MS, () => {
        if (entry.complete || entry.stop.signal.aborted) return;
        entry.stop.abort();
        entry.complete = true;
        entry.onLine();
      });
    },
    async read(pod, signal) {
      const container = pod.spec.containers[0]?.name;
      try {
        return await Array.fromAsync(
          client.podLog(keyOf(pod), { signal, ...(container !== undefined && { container }) }),
        );
      } catch (error) {
        if (isNotFound(error)) return [];
        throw error;
      }
    },
    drop(job) {
      for (const { pod, stop } of entriesOf(job)) {
        stop.abort();
        followed.delete(pod.metadata.uid ?? '');
      }
    },
  };
}

/** Lines about the state are the many. */
function forgetOne(lines: string[]): void {
  const state = lines.findIndex(isState);
  lines.splice(state === -1 ? FIRST_LINES : state, 1);
}

function jobNameOf({ metadata }: Pod): string | undefined {
  return metadata.labels?.['job-name'];
}

function hasEnded(pod: Pod): boolean {
  return pod.status?.containerStatuses?.[0]?.state?.terminated !== undefined;
}

/** Before that there is no log. */
export function hasStarted(pod: Pod): boolean {
  const state = pod.status?.containerStatuses?.[0]?.state;
  return state?.running !== undefined || state?.terminated !== undefined;
}

import type { Pod } from '../../../api/kubernetes/core.ts';
import { formatKey, keyOf } from '../../../api/kubernetes/meta.ts';
import type { KubeClient } from '../../../kube/client/kube-client.ts';
import { isNotFound, KubeError } from '../../../kube/client/kube-error.ts';
import { sleep, type Clock } from '../../../kube/runtime/clock.ts';
import type { Logger } from '../../../telemetry/log.ts';
import { createMovement, isState } from '../job/movement.ts';

/** The log of a mover pod, as far as it has been read. */
export interface PodLog {
  /** The first lines and the last ones, oldest first. */
  lines: readonly string[];
  /** When the last line that shows movement arrived; undefined before the first. */
  movedAt: Date | undefined;
  /** True if the stream has ended after the container. */
  complete: boolean;
}

/**
 * Follows the logs of mover pods: one stream per running pod, no polling. Only the logs contain restic's progress and the reason
 * of a failure.
 */
export interface PodLogs {
  /** Returns what has been read, and starts to follow the log if that has not started. */
  of(pod: Pod, onLine: () => void): PodLog;
  /** Returns what has been read from all pods of a Job, deleted ones included. */
  ofJob(job: string): readonly PodLog[];
  /** Returns what a pod has printed so far; nothing if it was deleted. */
  read(pod: Pod, signal: AbortSignal): Promise<readonly string[]>;
  /** Reports that a pod was deleted. Output that does not arrive soon is considered lost, for example with its node. */
  gone(uid: string): void;
  /** Ends the streams of a Job's pods and drops their lines. */
  drop(job: string): void;
}

interface Followed {
  /** The latest version from the cache. */
  pod: Pod;
  lines: string[];
  movedAt: Date | undefined;
  complete: boolean;
  onLine: () => void;
  /** Aborted when the container has ended: its output can then be read to the end. */
  ended: AbortController;
  stop: AbortController;
}

/**
 * How a stream ended: after the container's last line, before the pod's status showed that the container had ended, or with an
 * error.
 */
type StreamEnd = 'Complete' | 'Early' | 'Broken';

/** Maximum number of lines kept per pod, to bound memory. */
const MAX_LINES = 200;

/**
 * Number of first lines that are kept. A mover reports first what it does and last how that ended; any number of file names can
 * come between.
 */
const FIRST_LINES = 100;

/** Delays before a broken stream is reopened, milliseconds. After the last one the log counts as complete. */
const PAUSES_MS = [1_000, 2_000, 5_000, 10_000, 30_000];

/** How long the end of a log may arrive after its pod was deleted, milliseconds. */
const LAST_WORDS_MS = 10_000;

/** If a stream lasted this long, the count of failures starts again. Milliseconds. */
const GOOD_STREAM_MS = 60_000;

export function createPodLogs(client: KubeClient, log: Logger, clock: Clock): PodLogs {
  const followed = new Map<string, Followed>();

  /** Returns `Complete` also if the pod no longer exists, so that the last line can never be read. */
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
        // Every stream starts at the beginning of the log.
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
    // The kubelet ends the stream with the container, but reports the end of the container up to two seconds later.
    const endOrStop = AbortSignal.any([signal, entry.ended.signal]);
    for (let failures = 0; failures < PAUSES_MS.length; failures++) {
      const openedAt = clock.monotonic();
      const end = await readThrough(entry, onLine);
      if (end === 'Complete') break;
      if (clock.monotonic() - openedAt >= GOOD_STREAM_MS) failures = 0;
      // The last argument unrefs the timer: waiting for a log must not keep the process alive.
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
      // Before the container has started there is no log.
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

/** Drops the oldest status line, since most lines are status lines, or else the first line after {@link FIRST_LINES}. */
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

/** Returns true if the container has started; before that it has no log. */
export function hasStarted(pod: Pod): boolean {
  const state = pod.status?.containerStatuses?.[0]?.state;
  return state?.running !== undefined || state?.terminated !== undefined;
}

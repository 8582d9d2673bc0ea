import type { Pod } from '../../../api/kubernetes/core.ts';
import { formatKey, keyOf } from '../../../api/kubernetes/meta.ts';
import type { KubeClient } from '../../../kube/client/kube-client.ts';
import { isNotFound, KubeError } from '../../../kube/client/kube-error.ts';
import { sleep, type Clock } from '../../../kube/runtime/clock.ts';
import type { Logger } from '../../../telemetry/log.ts';
import { createMovementDetector, isStatusLine } from './movement-detector.ts';

/** The log of a mover pod, as far as it has been read. */
export interface PodLog {
  /** The first lines and the last ones, oldest first. */
  lines: readonly string[];
  /** When the last line that shows movement arrived; undefined before the first. */
  movedAt: Date | undefined;
  /** True if the stream has ended after the container. */
  complete: boolean;
}

export interface FollowedLogDependencies {
  client: KubeClient;
  log: Logger;
  clock: Clock;
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

/** Follows the log of one pod until its container has ended, and reopens streams that break. */
export class FollowedLog implements PodLog {
  lines: readonly string[] = [];
  movedAt: Date | undefined;
  complete = false;
  readonly #deps: FollowedLogDependencies;
  /** The latest version from the cache. */
  #pod: Pod;
  readonly #onLine: () => void;
  /** Aborted when the container has ended: its output can then be read to the end. */
  readonly #ended = new AbortController();
  readonly #stop = new AbortController();
  /** Number of lines that one stream has delivered. */
  #count = 0;

  /** `onLine` is called for each line and when the log is complete. */
  constructor(deps: FollowedLogDependencies, pod: Pod, onLine: () => void) {
    this.#deps = deps;
    this.#pod = pod;
    this.#onLine = onLine;
  }

  get pod(): Pod {
    return this.#pod;
  }

  /** Takes a newer version of the pod. */
  update(pod: Pod): void {
    this.#pod = pod;
    if (hasEnded(pod)) this.#ended.abort();
  }

  /** Reads the log until it is complete. */
  async follow(): Promise<void> {
    const { clock } = this.#deps;
    const { signal } = this.#stop;
    // The kubelet ends the stream with the container, but reports the end of the container up to two seconds later.
    const endOrStop = AbortSignal.any([signal, this.#ended.signal]);
    for (let failures = 0; failures < PAUSES_MS.length; failures++) {
      const openedAt = clock.monotonic();
      const end = await this.#readThrough();
      if (end === 'Complete') break;
      if (clock.monotonic() - openedAt >= GOOD_STREAM_MS) failures = 0;
      // The last argument unrefs the timer: waiting for a log must not keep the process alive.
      await sleep(clock, PAUSES_MS[failures] ?? 0, end === 'Early' ? endOrStop : signal, false);
      if (signal.aborted) return;
    }
    this.complete = true;
    this.#onLine();
  }

  /** Ends the stream soon, because the pod was deleted. */
  expire(): void {
    this.#deps.clock.after(LAST_WORDS_MS, () => {
      if (this.complete || this.#stop.signal.aborted) return;
      this.#stop.abort();
      this.complete = true;
      this.#onLine();
    });
  }

  stop(): void {
    this.#stop.abort();
  }

  /** Returns `Complete` also if the pod no longer exists, so that the last line can never be read. */
  async #readThrough(): Promise<StreamEnd> {
    const { client, log } = this.#deps;
    const { signal } = this.#stop;
    try {
      await this.#readStream(
        client.podLog(keyOf(this.#pod), { follow: true, signal, ...containerOf(this.#pod) }),
      );
      return hasEnded(this.#pod) ? 'Complete' : 'Early';
    } catch (error) {
      const err = KubeError.from(error);
      if (!signal.aborted)
        log.debug({ err, pod: formatKey(keyOf(this.#pod)) }, 'the log stream of a mover pod broke');
      return isNotFound(err) ? 'Complete' : 'Broken';
    }
  }

  async #readStream(stream: AsyncIterable<string>): Promise<void> {
    const lines: string[] = [];
    const moves = createMovementDetector();
    let count = 0;
    for await (const line of stream) {
      lines.push(line);
      if (lines.length > MAX_LINES) forgetOne(lines);
      // Every stream starts at the beginning of the log. Progress must not fall while it repeats what is known.
      if (++count >= this.#count) {
        this.#count = count;
        this.lines = lines;
      }
      if (moves(line)) this.movedAt = new Date(this.#deps.clock.now());
      this.#onLine();
    }
    // The kubelet has rotated the log if the whole stream is shorter than a former one.
    if (count > 0 && hasEnded(this.#pod)) this.lines = lines;
  }
}

/** Returns the option that selects the container of a mover pod: its first one. */
export function containerOf(pod: Pod): { container?: string } {
  const container = pod.spec.containers[0]?.name;
  return container === undefined ? {} : { container };
}

/** Drops the oldest status line, since most lines are status lines, or else the first line after {@link FIRST_LINES}. */
function forgetOne(lines: string[]): void {
  const state = lines.findIndex(isStatusLine);
  lines.splice(state === -1 ? FIRST_LINES : state, 1);
}

function hasEnded(pod: Pod): boolean {
  return pod.status?.containerStatuses?.[0]?.state?.terminated !== undefined;
}

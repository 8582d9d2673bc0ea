import type { Pod } from '../../../api/external/core.ts';
import { formatKey, keyOf } from '../../../api/meta.ts';
import type { KubeClient } from '../../../kube/client/kube-client.ts';
import { KubeError } from '../../../kube/client/kube-error.ts';
import type { Logger } from '../../../telemetry/log.ts';

/** The log of a mover's pod, as far as it has been read. */
export interface PodLog {
  /** The last lines, oldest first. */
  lines: readonly string[];
  /** When the last line came; undefined before the first. */
  lastLineAt: Date | undefined;
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
  /** Ends the stream of a pod and forgets its lines. */
  drop(uid: string): void;
}

interface Followed {
  lines: string[];
  lastLineAt: Date | undefined;
  complete: boolean;
  stop: AbortController;
}

/** Enough for restic's summary and for the error before it; a mover that prints more does not grow our memory. */
const MAX_LINES = 200;

export function createPodLogs(client: KubeClient, log: Logger, now: () => Date): PodLogs {
  const followed = new Map<string, Followed>();

  async function follow(pod: Pod, entry: Followed, onLine: () => void): Promise<void> {
    const { signal } = entry.stop;
    try {
      const container = pod.spec.containers[0]?.name;
      for await (const line of client.podLog(keyOf(pod), {
        follow: true,
        signal,
        ...(container !== undefined && { container }),
      })) {
        entry.lines.push(line);
        if (entry.lines.length > MAX_LINES) entry.lines.shift();
        entry.lastLineAt = now();
        onLine();
      }
      entry.complete = true;
      onLine();
    } catch (error) {
      if (signal.aborted) return;
      // The stream broke; the next look at the pod opens another one from the beginning.
      followed.delete(pod.metadata.uid ?? '');
      log.debug(
        { err: KubeError.from(error), pod: formatKey(keyOf(pod)) },
        'the log stream of a mover pod broke',
      );
      onLine();
    }
  }

  return {
    of(pod, onLine) {
      const uid = pod.metadata.uid ?? '';
      const known = followed.get(uid);
      if (known !== undefined) return known;
      const entry: Followed = {
        lines: [],
        lastLineAt: undefined,
        complete: false,
        stop: new AbortController(),
      };
      // Before its container has started there is no log to follow.
      if (!hasStarted(pod)) return entry;
      followed.set(uid, entry);
      void follow(pod, entry, onLine);
      return entry;
    },
    drop(uid) {
      followed.get(uid)?.stop.abort();
      followed.delete(uid);
    },
  };
}

function hasStarted(pod: Pod): boolean {
  const state = pod.status?.containerStatuses?.[0]?.state;
  return state?.running !== undefined || state?.terminated !== undefined;
}

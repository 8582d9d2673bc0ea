import { Worker } from 'node:worker_threads';
import type { Logger } from '../../telemetry/log.ts';

/** Ends the process if its event loop is blocked. */
export interface Watchdog {
  /** Starts the watchdog; called before each call that runs an action. Further calls have no effect. */
  watch(this: void): void;
}

export interface WatchdogOptions {
  /** How long the event loop may be blocked. */
  limitMs: number;
  log: Logger;
  /** Called once, when the other thread runs. */
  onWatching?: () => void;
}

/** Checks per limit. A suspended machine or a stopped process misses one check at most. */
const CHECKS_PER_LIMIT = 12;

/**
 * Creates the watchdog. Velero sets no deadline for a call, nor for the one that ends a plugin: a blocked event loop would hang
 * the backup, and the controller that runs it, forever. Nothing in this thread can detect that, and a child process would keep
 * the host's pipes open, so another thread checks. It costs some megabytes and starts with the first call that runs an action, so
 * processes that only list actions do not start it.
 */
export function createWatchdog(options: WatchdogOptions): Watchdog {
  let started = false;
  return {
    watch() {
      if (started) return;
      started = true;
      start(options);
    },
  };
}

function start({ limitMs, log, onWatching }: WatchdogOptions): void {
  const lookMs = limitMs / CHECKS_PER_LIMIT;
  const beats = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  setInterval(() => Atomics.add(beats, 0, 1), lookMs / 4).unref();
  const line = {
    '@level': 'error',
    '@message': `the plugin process exits: its event loop was blocked for ${String(limitMs / 1000)} s`,
  };
  const workerData: Post = { beats, looks: CHECKS_PER_LIMIT, lookMs, line: `${JSON.stringify(line)}\n` };
  // A single-file executable has no other file to load.
  const worker = new Worker(`(${keepWatch.toString()})(require)`, {
    eval: true,
    workerData,
    env: {},
    execArgv: [],
    trackUnmanagedFds: false,
    resourceLimits: { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 8, stackSizeMb: 1 },
  });
  worker.on('error', (error) => log.debug({ err: error }, 'the watchdog of the event loop failed'));
  if (onWatching) worker.once('online', onWatching);
  worker.unref();
}

interface Post {
  beats: Int32Array;
  looks: number;
  lookMs: number;
  /** Written before the process is killed. */
  line: string;
}

/**
 * Runs in the other thread from its source text, so it cannot use anything from this file. It sleeps by a clock that stops while
 * the machine is suspended, and counts checks instead of time.
 */
function keepWatch(load: NodeJS.Require): void {
  const { workerData } = load('node:worker_threads') as { workerData: Post };
  const { writeSync } = load('node:fs') as typeof import('node:fs');
  const { beats, looks, lookMs, line } = workerData;
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  let last = -1;
  let same = 0;
  while (same < looks) {
    Atomics.wait(sleeper, 0, 0, lookMs);
    const now = Atomics.load(beats, 0);
    same = now === last ? same + 1 : 0;
    last = now;
  }
  try {
    writeSync(2, line);
  } finally {
    process.kill(process.pid, 'SIGKILL');
  }
}

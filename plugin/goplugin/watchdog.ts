import { Worker } from 'node:worker_threads';
import type { Logger } from '../../telemetry/log.ts';

/** Ends the process when its event loop stands still. */
export interface Watchdog {
  /** From now on; before each call that runs an action. Only the first does something. */
  watch(this: void): void;
}

export interface WatchdogOptions {
  /** How long the loop may stand still. */
  limitMs: number;
  log: Logger;
  /** Called once, when the other thread runs. */
  onWatching?: () => void;
}

/** A machine that was suspended, or a process that was stopped, loses one look at most. */
const LOOKS = 12;

/**
 * Velero sets no deadline for a call, nor for the one that ends a plugin: a loop that never comes back would hang the
 * backup, and the controller that runs it, for ever. Nothing in this thread can notice, and a child process would keep the
 * host's pipes open, so another thread looks. It costs some megabytes and starts with the first call that runs an
 * action, which processes that only list actions never see.
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
  const lookMs = limitMs / LOOKS;
  const beats = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  setInterval(() => Atomics.add(beats, 0, 1), lookMs / 4).unref();
  const line = {
    '@level': 'error',
    '@message': `the plugin process ends: it did nothing for ${String(limitMs / 1000)} s, and Velero would wait for ever`,
  };
  const workerData: Post = { beats, looks: LOOKS, lookMs, line: `${JSON.stringify(line)}\n` };
  // A single-file executable has no other file to load.
  const worker = new Worker(`(${keepWatch.toString()})(require)`, {
    eval: true,
    workerData,
    env: {},
    execArgv: [],
    trackUnmanagedFds: false,
    resourceLimits: { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 8, stackSizeMb: 1 },
  });
  worker.on('error', (error) => log.debug({ err: error }, 'nobody watches the event loop'));
  if (onWatching) worker.once('online', onWatching);
  worker.unref();
}

interface Post {
  beats: Int32Array;
  looks: number;
  lookMs: number;
  /** Written before the end. */
  line: string;
}

/**
 * The other thread. Its text is all it has: nothing from this file is in its reach. It sleeps by a clock that stands
 * still while the machine does, and counts looks instead of time.
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

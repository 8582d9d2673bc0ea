import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { writeFileSync, writeSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import { bootId, commandLine, processesWithEnv, startTime } from './proc.ts';
import { waitUntil } from './wait.ts';

const LOG_LIMIT_BYTES = 50 * 1024 * 1024;
const TERM_TIMEOUT_MS = 10_000;
const KILL_TIMEOUT_MS = 5_000;

/** A long-running program that is detached from the process that starts it. */
export interface ProcessSpec {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** A hash of what the program reads at its start, e.g. its configuration. A different value restarts it. */
  readonly fingerprint?: string;
  /** Path of the network namespace to run in. */
  readonly netns?: string | undefined;
  /** Its children outlive it and its successor finds them again, e.g. containerd's shims. */
  readonly childrenSurvive?: boolean;
  /** Time between SIGTERM and SIGKILL. Default 10 s. */
  readonly termTimeoutMs?: number;
}

export interface RunningProcess {
  readonly pid: number;
  /** Clock ticks since boot. Together with the boot id it distinguishes this process from a later one with the same number. */
  readonly startTime: number;
  readonly bootId: string;
  readonly startedAt: string;
  readonly specHash: string;
}

/** Starts, finds and stops the processes of one cluster. Its state is in pid files. */
export class Supervisor {
  readonly #pidsDir: string;
  readonly #logsDir: string;
  readonly #clusterDir: string;

  constructor(clusterDir: string, pidsDir: string, logsDir: string) {
    this.#clusterDir = clusterDir;
    this.#pidsDir = pidsDir;
    this.#logsDir = logsDir;
  }

  logFile(name: string): string {
    return join(this.#logsDir, `${name}.log`);
  }

  /** Returns the process of a pid file, if that very process is still alive. */
  find(name: string): RunningProcess | undefined {
    let known: RunningProcess;
    try {
      known = JSON.parse(readFileSync(this.#pidFile(name), 'utf8')) as RunningProcess;
    } catch {
      return undefined;
    }
    const alive = known.bootId === bootId() && startTime(known.pid) === known.startTime;
    return alive ? known : undefined;
  }

  /** Returns all processes that were started and not stopped, even if they have ended. */
  names(): string[] {
    if (!existsSync(this.#pidsDir)) return [];
    return readdirSync(this.#pidsDir).map((file) => basename(file, '.json'));
  }

  /** Reports whether the process runs with exactly this command, arguments, environment and fingerprint. */
  isCurrent(name: string, spec: ProcessSpec): boolean {
    return this.find(name)?.specHash === specHash(spec);
  }

  /**
   * Ensures that the process runs with this command, arguments and environment. A process with others is replaced.
   * @returns whether this call started it
   */
  async ensure(name: string, spec: ProcessSpec): Promise<boolean> {
    if (this.isCurrent(name, spec)) return false;
    await this.stop(name, spec);
    this.#start(name, spec);
    return true;
  }

  /** Stops the process and its remaining children. Does nothing if there are none. */
  async stop(name: string, spec?: ProcessSpec): Promise<void> {
    const running = this.find(name);
    if (running) await terminate(running.pid, running.startTime, spec?.termTimeoutMs ?? TERM_TIMEOUT_MS);
    await this.kill(name, spec);
  }

  /** Same as `stop`, but without a grace period. */
  async kill(name: string, spec?: ProcessSpec): Promise<void> {
    const running = this.find(name);
    if (running) await killNow(running.pid);
    // The pid file may be lost, and children may outlive a killed parent; the mark in their environment identifies them.
    for (const pid of this.owned(name)) {
      const command = basename(commandLine(pid)[0] ?? '');
      if (spec?.childrenSurvive && command !== basename(spec.command)) continue;
      await killNow(pid);
    }
    rmSync(this.#pidFile(name), { force: true });
  }

  /** Returns every living process with the mark of this cluster, or of one of its components. */
  owned(component?: string): number[] {
    const marks = [`DATAMOVER_CLUSTER_MARK=${this.#clusterDir}`];
    if (component) marks.push(`DATAMOVER_CLUSTER_COMPONENT=${component}`);
    return processesWithEnv(marks);
  }

  #pidFile(name: string): string {
    return join(this.#pidsDir, `${name}.json`);
  }

  #start(name: string, spec: ProcessSpec): void {
    mkdirSync(this.#pidsDir, { recursive: true });
    mkdirSync(this.#logsDir, { recursive: true });
    const log = openLog(this.logFile(name));
    const [command, args] = spec.netns
      ? ['nsenter', [`--net=${spec.netns}`, spec.command, ...spec.args]]
      : [spec.command, spec.args];
    writeSync(log, `---- ${new Date().toISOString()} ${[spec.command, ...spec.args].join(' ')}\n`);
    const child = spawn(command, args, {
      cwd: spec.cwd ?? '/',
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...this.#environment(name), ...spec.env },
    });
    // Without a listener, a command that cannot be started would end the whole program.
    child.on('error', (error) => {
      writeFileSync(this.logFile(name), `cannot be started: ${error.message}\n`, { flag: 'a' });
    });
    closeSync(log);
    child.unref();
    if (child.pid === undefined) throw new Error(`${name}: ${command} cannot be started`);
    const record: RunningProcess = {
      pid: child.pid,
      startTime: startTime(child.pid) ?? -1,
      bootId: bootId(),
      startedAt: new Date().toISOString(),
      specHash: specHash(spec),
    };
    const temporary = `${this.#pidFile(name)}.new`;
    writeFileSync(temporary, JSON.stringify(record, undefined, 2));
    renameSync(temporary, this.#pidFile(name));
  }

  /** Excludes the caller's environment: a proxy setting there would break calls within the cluster. */
  #environment(component: string): NodeJS.ProcessEnv {
    return {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: '/root',
      LANG: 'C.UTF-8',
      DATAMOVER_CLUSTER_MARK: this.#clusterDir,
      DATAMOVER_CLUSTER_COMPONENT: component,
    };
  }
}

function specHash(spec: ProcessSpec): string {
  return createHash('sha256').update(JSON.stringify(spec)).digest('hex').slice(0, 16);
}

function openLog(path: string): number {
  if (existsSync(path) && statSync(path).size > LOG_LIMIT_BYTES) renameSync(path, `${path}.1`);
  return openSync(path, 'a');
}

/** Returns the last lines of a log file, for error messages. */
export function lastLines(path: string, count: number): string {
  if (!existsSync(path)) return '';
  return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
}

async function terminate(pid: number, started: number, timeoutMs: number): Promise<void> {
  const gone = (): boolean => startTime(pid) !== started;
  if (gone()) return;
  signal(pid, 'SIGTERM');
  try {
    await waitUntil(`process ${pid} to end`, gone, { timeoutMs, intervalMs: 20 });
  } catch {
    await killNow(pid);
  }
}

/** Sends SIGKILL and waits until the process has ended. */
export async function killNow(pid: number): Promise<void> {
  const started = startTime(pid);
  if (started === undefined) return;
  signal(pid, 'SIGKILL');
  await waitUntil(`process ${pid} to end after SIGKILL`, () => startTime(pid) !== started, {
    timeoutMs: KILL_TIMEOUT_MS,
    intervalMs: 20,
  });
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended between the check and the signal.
  }
}

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

/** A long-running program, run detached from whoever starts it. */
export interface ProcessSpec {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Stands for what the program reads when it starts, e.g. a hash of its configuration: another value restarts it. */
  readonly fingerprint?: string;
  /** Run inside this network namespace, given by its path. */
  readonly netns?: string | undefined;
  /** Its children live on without it and are found again by its successor, e.g. containerd's shims. */
  readonly childrenSurvive?: boolean;
  /** How long to wait after SIGTERM before SIGKILL. Default 10 s. */
  readonly termTimeoutMs?: number;
}

export interface RunningProcess {
  readonly pid: number;
  /** Clock ticks since boot; with the boot id it tells this process from a later one with its number. */
  readonly startTime: number;
  readonly bootId: string;
  readonly startedAt: string;
  readonly specHash: string;
}

/** Starts, finds and stops the processes of one cluster; what it knows lies in pid files. */
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

  /** The process a pid file tells of, if that very process still lives. */
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

  /** All that were started and not stopped, whether they still live or not. */
  names(): string[] {
    if (!existsSync(this.#pidsDir)) return [];
    return readdirSync(this.#pidsDir).map((file) => basename(file, '.json'));
  }

  /** Whether the process runs, and with just this command, arguments, environment and fingerprint. */
  isCurrent(name: string, spec: ProcessSpec): boolean {
    return this.find(name)?.specHash === specHash(spec);
  }

  /**
   * Starts the process unless it already runs with the same command, arguments and environment;
   * one that runs with others is replaced.
   * @returns whether it was started now
   */
  async ensure(name: string, spec: ProcessSpec): Promise<boolean> {
    if (this.isCurrent(name, spec)) return false;
    await this.stop(name, spec);
    this.#start(name, spec);
    return true;
  }

  /** Stops the process and whatever it left behind. Does nothing when there is nothing. */
  async stop(name: string, spec?: ProcessSpec): Promise<void> {
    const running = this.find(name);
    if (running) await terminate(running.pid, running.startTime, spec?.termTimeoutMs ?? TERM_TIMEOUT_MS);
    await this.kill(name, spec);
  }

  /** As `stop`, without giving it the time to say goodbye. */
  async kill(name: string, spec?: ProcessSpec): Promise<void> {
    const running = this.find(name);
    if (running) await killNow(running.pid);
    // The pid file may be lost, and children may outlive a killed parent: the mark in their environment finds them.
    for (const pid of this.owned(name)) {
      const command = basename(commandLine(pid)[0] ?? '');
      if (spec?.childrenSurvive && command !== basename(spec.command)) continue;
      await killNow(pid);
    }
    rmSync(this.#pidFile(name), { force: true });
  }

  /** Every living process of this cluster, or of one component, that carries its mark. */
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
    // Without a listener a command that cannot be started would end the whole program.
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

  /** Nothing of the caller's environment gets in: a proxy setting there would break the cluster's own calls. */
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

/** The last lines of a log file, for error messages. */
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

/** SIGKILL, and waits until the process has gone. */
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
    // It ended between the look and the signal.
  }
}

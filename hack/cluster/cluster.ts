import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { COMPONENTS } from './components/all.ts';
import { patchFeatures, velero } from './components/velero.ts';
import { createContext } from './component.ts';
import { claimIndex, clusterExists } from './config.ts';
import { restartDeployment, untilRolledOut } from './deployment.ts';
import { claimName } from './host-settings.ts';
import { withLock } from './lock.ts';
import { missingNeeds, refuse } from './needs.ts';
import { ensurePackages } from './packages.ts';
import { lastLines } from './process.ts';
import { destroy } from './teardown.ts';
import { ensureTools } from './tools.ts';
import { waitUntil } from './wait.ts';
import type { ClusterConfig } from './config.ts';
import type { Component, Context } from './component.ts';
import type { Wait } from './deployment.ts';
import type { Note, Progress } from './progress.ts';

const READY_TIMEOUT_MS = 60_000;
const LOG_TAIL = 15;
/** How long a process without a readiness check must run to count as started. */
const SETTLE_MS = 300;
/** Long enough for a program that cannot work to exit. */
const STEADY_MS = 2_500;

/**
 * Starts or repairs the cluster: starts missing processes, repairs broken parts and leaves working ones unchanged.
 * @throws Error with the failed step, the end of its log and the path of the log
 */
export async function up(config: ClusterConfig, progress: Progress): Promise<void> {
  const context = createContext(config);
  refuse(await missingNeeds(config, clusterExists(config)));
  await exclusively(config, progress, async () => {
    await ensurePackages(progress);
    await ensureTools(config.cacheDir, progress);
    await claim(config);
    prepareFolders(context);
    await stopForgotten(context);
    for (const component of COMPONENTS) await bringUp(context, component, progress);
    await staySteady(context, progress);
  });
}

/** Starts components that do not belong to the cluster itself, beside it. `config` holds their settings. */
export async function bringUpBeside(
  config: ClusterConfig,
  components: readonly Component[],
  progress: Progress,
): Promise<void> {
  const context = contextOfRunning(config);
  await exclusively(config, progress, async () => {
    for (const component of components) await bringUp(context, component, progress);
  });
}

/** Stops a process until `restart` or `up` starts it again. */
export async function stop(
  config: ClusterConfig,
  name: string,
  progress: Progress,
  components = COMPONENTS,
): Promise<void> {
  const component = componentIn(
    components.filter((each) => each.process),
    name,
  );
  const context = contextOfRunning(config);
  await exclusively(config, progress, () => stopWith(context, component));
}

/** Stops a component, prepares it again and starts it. A pod is recreated with the current images. */
export async function restart(config: ClusterConfig, name: string, progress: Progress): Promise<void> {
  const component = componentIn(
    COMPONENTS.filter((each) => each.process ?? each.deployment),
    name,
  );
  const context = contextOfRunning(config);
  await exclusively(config, progress, async () => {
    if (component.deployment) await restartDeployment(context, component.deployment);
    else await stopWith(context, component);
    const dependents = COMPONENTS.filter((each) => component.takesDown?.includes(each.name));
    for (const each of [component, ...dependents]) await bringUp(context, each, progress);
    await staySteady(context, progress);
  });
}

function componentIn(components: readonly Component[], name: string): Component {
  const found = components.find((each) => each.name === name);
  if (found) return found;
  throw new Error(`${name}: no such component; there are ${components.map((each) => each.name).join(', ')}`);
}

/** Runs Velero with these feature flags (comma-separated, or none) until the next `up`. Waits until Velero is ready. */
export async function setVeleroFeatures(
  config: ClusterConfig,
  features: string,
  progress: Progress,
): Promise<void> {
  const context = contextOfRunning(config);
  await exclusively(config, progress, async () => {
    await patchFeatures(context, features);
    await progress.step(`Velero with features ${features || '(none)'}`, (note) =>
      untilReady(context, velero, note),
    );
  });
}

/** Removes the cluster and everything it created on the machine; built tools stay. */
export async function down(config: ClusterConfig, progress: Progress): Promise<void> {
  await exclusively(config, progress, () => destroy(createContext(config), progress, { keepS3: false }));
}

/** Deletes the cluster with every volume and snapshot, as a disaster would. The data in S3 stays, and S3 keeps serving it. */
export async function wipe(config: ClusterConfig, progress: Progress): Promise<void> {
  await exclusively(config, progress, () => destroy(createContext(config), progress, { keepS3: true }));
}

function contextOfRunning(config: ClusterConfig): Context {
  if (!clusterExists(config)) {
    throw new Error(`cluster ${config.name} is not up; run "make cluster-up" first`);
  }
  return createContext(config);
}

function exclusively(config: ClusterConfig, progress: Progress, work: () => Promise<void>): Promise<void> {
  const waiting = (): void => {
    progress.line(`  waiting: another run works on cluster ${config.name}`);
  };
  return withLock(config.dir, waiting, work);
}

/** Reserves the cluster's name and number, which must be unique on this machine. */
async function claim(config: ClusterConfig): Promise<void> {
  claimName(config.name, config.dir);
  mkdirSync(config.dir, { recursive: true });
  await withLock(
    `${config.baseDir}#index`,
    () => undefined,
    () => {
      claimIndex(config);
      return Promise.resolve();
    },
  );
}

function prepareFolders({ config, program }: Context): void {
  const { dir, paths } = config;
  for (const folder of [dir, paths.logs, paths.pids, paths.bin]) mkdirSync(folder, { recursive: true });
  const programs = {
    kubectl: program('kubernetes', 'kubectl'),
    velero: program('velero'),
    restic: program('restic'),
  };
  for (const [name, target] of Object.entries(programs)) {
    rmSync(join(paths.bin, name), { force: true });
    symlinkSync(target, join(paths.bin, name));
  }
}

/** Stops processes that another version of this code started and that this version does not define. */
async function stopForgotten({ supervisor }: Context): Promise<void> {
  const known = COMPONENTS.filter(({ process }) => process).map(({ name }) => name);
  for (const name of supervisor.names().filter((each) => !known.includes(each))) await supervisor.stop(name);
}

/** A running process has ended, so waiting for anything that needs it is pointless. */
class ProcessEnded extends Error {
  readonly component: string;

  constructor(component: string) {
    super(`${component} has ended`);
    this.name = 'ProcessEnded';
    this.component = component;
  }
}

async function bringUp(context: Context, component: Component, progress: Progress): Promise<void> {
  const reason = component.absent?.(context);
  if (reason !== undefined) {
    progress.line(`- ${component.title}: ${reason}`);
    return;
  }
  try {
    await progress.step(component.title, (note) => start(context, component, note));
  } catch (error) {
    throw explain(context, component, error);
  }
}

async function start(context: Context, component: Component, note: Note): Promise<void> {
  let remark = '';
  await component.prepare?.(context, (text) => {
    remark = text;
    note(text);
  });
  const startedNow = await startProcess(context, component);
  await untilReady(context, component, note, startedNow ? SETTLE_MS : 0);
  note(remark);
}

/** Starts the component's process if it has one. @returns whether this call started it */
async function startProcess(context: Context, component: Component): Promise<boolean> {
  if (!component.process) return false;
  const { name } = component;
  const spec = component.process(context);
  if (!context.supervisor.isCurrent(name, spec)) await stopWith(context, component);
  return context.supervisor.ensure(name, spec);
}

/** Waits until the process or pod is ready. Fails as soon as any process has ended. */
async function untilReady(context: Context, component: Component, note: Note, settleMs = 0): Promise<void> {
  const { supervisor } = context;
  const { name, deployment, readyTimeoutMs: timeoutMs = READY_TIMEOUT_MS } = component;
  const running = COMPONENTS.map((each) => each.name).filter((each) => supervisor.find(each) !== undefined);
  const needed = component.process ? [name, ...running] : running;
  const ended = (): string | undefined => needed.find((each) => supervisor.find(each) === undefined);
  const wait: Wait = (what, check) =>
    waitUntil(what, async () => ended() !== undefined || (await check()), { timeoutMs });
  const settledAt = performance.now() + settleMs;
  const ready = component.ready ?? (() => Promise.resolve(performance.now() >= settledAt));
  try {
    if (deployment !== undefined) await untilRolledOut(context, deployment, note, wait);
    await wait(`${name} to be ready`, () => ready(context));
  } catch (error) {
    if (ended() === undefined) throw error;
  }
  const lost = ended();
  if (lost !== undefined) throw new ProcessEnded(lost);
}

/** Stops a component, after the components that cannot run without it. */
async function stopWith(context: Context, { name, takesDown = [], process }: Component): Promise<void> {
  for (const dependent of takesDown) await context.supervisor.stop(dependent);
  await context.supervisor.stop(name, process?.(context));
}

/** Waits until the last process has run for a while, and fails if any process has ended by then. */
async function staySteady(context: Context, progress: Progress): Promise<void> {
  const running = COMPONENTS.map((component) => ({
    component,
    process: context.supervisor.find(component.name),
  }));
  const started = running.map(({ process }) => (process ? Date.parse(process.startedAt) : 0));
  const steadyAt = Math.max(...started) + STEADY_MS;
  if (Date.now() >= steadyAt) return;
  const ended = (): Component | undefined =>
    running.find(({ component, process }) => process && !context.supervisor.find(component.name))?.component;
  await progress.step('all of it stays up', async () => {
    const check = (): boolean => ended() !== undefined || Date.now() >= steadyAt;
    await waitUntil('the last process', check, { timeoutMs: 2 * STEADY_MS });
    const lost = ended();
    if (lost) throw explain(context, lost, new ProcessEnded(lost.name));
  });
}

/** Returns the error with the failed step, the end of its log and the folder of all logs. */
function explain(context: Context, component: Component, cause: unknown): Error {
  const message = cause instanceof Error ? cause.message : String(cause);
  const log = context.supervisor.logFile(cause instanceof ProcessEnded ? cause.component : component.name);
  const tail = component.process ? lastLines(log, LOG_TAIL) : '';
  const lines = [`step "${component.title}" failed: ${message}`];
  if (tail) lines.push(`the last lines of ${log}:`, ...tail.split('\n').map((line) => `  | ${line}`));
  lines.push(`all logs are in ${context.config.paths.logs}`);
  return new Error(lines.join('\n'), { cause });
}

import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { COMPONENTS } from './components/all.ts';
import { cniNetwork } from './components/containerd.ts';
import { cgroupProcesses, removeCgroup } from './cgroups.ts';
import { clusterExists } from './config.ts';
import { tryRun } from './exec.ts';
import { releaseName, restoreHostSettings } from './host-settings.ts';
import { unmountBelow } from './mounts.ts';
import { removeNetns } from './netns.ts';
import { killNow } from './process.ts';
import { waitUntil } from './wait.ts';
import type { ClusterConfig } from './config.ts';
import type { Context } from './component.ts';
import type { Progress } from './progress.ts';

const SHIMS_TIMEOUT_MS = 5_000;
const CGROUP_TIMEOUT_MS = 10_000;
const CNI_CACHE = '/var/lib/cni/results';
/** The parts of the cluster's folder that a wipe keeps. */
const KEPT_BY_WIPE = new Set(['s3', 'logs', 'pids', 'index', 'bin']);

export interface DestroyOptions {
  /** Keep the object store: its process, its data, and the veth pair that it listens on. */
  readonly keepS3: boolean;
}

/** Ends all processes and deletes all files and kernel objects of the cluster, whatever state it is in. */
export async function destroy(context: Context, progress: Progress, options: DestroyOptions): Promise<void> {
  const { config } = context;
  if (!clusterExists(config)) {
    progress.line(`cluster ${config.name} does not exist: nothing to do`);
    return;
  }
  await progress.step('stop the components', () => stopComponents(context, options));
  await progress.step('end the pods', () => endPods(context));
  await progress.step('unmount', async () => {
    for (const folder of ownFolders(config, options)) await unmountBelow(folder);
  });
  await progress.step('network and cgroups', async () => {
    await removeHostTraces(config, options);
  });
  await progress.step(options.keepS3 ? 'delete all but S3' : 'delete the files', () => {
    deleteFiles(config, options);
    return Promise.resolve();
  });
}

/** Kills instead of stopping, because nothing that they would write is kept. containerd is stopped later, with the pods. */
async function stopComponents({ supervisor }: Context, { keepS3 }: DestroyOptions): Promise<void> {
  const kept = COMPONENTS.filter(
    ({ name, survivesWipe }) => name === 'containerd' || (keepS3 && survivesWipe),
  );
  const own = COMPONENTS.filter(({ process }) => process).map(({ name }) => name);
  // Another version of this code may have started other processes.
  const names = new Set([...own.reverse(), ...supervisor.names()]);
  for (const { name } of kept) names.delete(name);
  for (const name of names) await supervisor.kill(name);
}

/** After their processes have ended, containerd removes its shims itself; remaining ones are killed. */
async function endPods({ config, supervisor }: Context): Promise<void> {
  const shims = (): number[] =>
    supervisor.owned('containerd').filter((pid) => pid !== supervisor.find('containerd')?.pid);
  for (const pid of cgroupProcesses(config.cgroupRoot)) await killNow(pid);
  if (supervisor.find('containerd')) {
    const noShims = waitUntil('the shims to end', () => shims().length === 0, {
      timeoutMs: SHIMS_TIMEOUT_MS,
    });
    await noShims.catch(() => undefined);
  }
  await supervisor.kill('containerd');
  // Processes that were created during the loop above.
  for (const pid of cgroupProcesses(config.cgroupRoot)) await killNow(pid);
}

async function removeHostTraces(config: ClusterConfig, { keepS3 }: DestroyOptions): Promise<void> {
  removeShimSockets(config);
  removeCniCache(config);
  const removed = (): boolean => {
    removeCgroup(config.cgroupRoot);
    return true;
  };
  await waitUntil('the cgroups to be empty', removed, { timeoutMs: CGROUP_TIMEOUT_MS });
  if (keepS3) {
    await tryRun('nsenter', [`--net=${config.network.netnsPath}`, 'ip', 'link', 'delete', 'cni0']);
    return;
  }
  await removeNetns(config.network);
  releaseName(config.name);
  restoreHostSettings();
}

/** A killed shim leaves its socket in a folder that all containerds of a machine share. */
function removeShimSockets({ paths }: ClusterConfig): void {
  const tasks = join(paths.containerd, 'state/io.containerd.runtime.v2.task/k8s.io');
  for (const id of existsSync(tasks) ? readdirSync(tasks) : []) {
    const file = join(tasks, id, 'address');
    if (!existsSync(file)) continue;
    const socket = readFileSync(file, 'utf8')
      .trim()
      .replace(/^unix:\/\//, '');
    if (socket.startsWith('/run/containerd/s/')) rmSync(socket, { force: true });
  }
}

/** Removes the CNI library's cache for pods without a proper teardown: for our network, and for each pod's loopback. */
function removeCniCache(config: ClusterConfig): void {
  if (!existsSync(CNI_CACHE)) return;
  const ours = new RegExp(`^${cniNetwork(config)}-([0-9a-f]{64})-`);
  for (const name of readdirSync(CNI_CACHE)) {
    const sandbox = ours.exec(name)?.[1];
    if (sandbox === undefined) continue;
    for (const file of [name, `cni-loopback-${sandbox}-lo`]) rmSync(join(CNI_CACHE, file), { force: true });
  }
}

function ownFolders({ dir }: ClusterConfig, { keepS3 }: DestroyOptions): string[] {
  if (!keepS3) return [dir];
  return readdirSync(dir)
    .filter((name) => !KEPT_BY_WIPE.has(name))
    .map((name) => join(dir, name));
}

function deleteFiles(config: ClusterConfig, options: DestroyOptions): void {
  // The index is deleted last: while it exists, an interrupted run can be repeated.
  if (!options.keepS3) {
    for (const name of readdirSync(config.dir).filter((each) => each !== 'index')) {
      rmSync(join(config.dir, name), { recursive: true, force: true });
    }
  }
  for (const path of ownFolders(config, options)) rmSync(path, { recursive: true, force: true });
  rmSync(join(config.paths.logs, 'pods'), { recursive: true, force: true });
}

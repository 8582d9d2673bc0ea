import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

const MOUNT = '/sys/fs/cgroup';

/** Version 2 has one tree and names its controllers in a file. */
function isVersion2(): boolean {
  return existsSync(join(MOUNT, 'cgroup.controllers'));
}

/** The tops of all cgroup trees of this machine: one in version 2, one per controller in version 1. */
function trees(): string[] {
  if (isVersion2()) return [MOUNT];
  return readdirSync(MOUNT)
    .map((name) => join(MOUNT, name))
    .filter((path) => existsSync(join(path, 'cgroup.procs')));
}

/** Makes the group in every tree; kubelet refuses a root that is missing in one of them. */
export function ensureCgroup(root: string): void {
  for (const tree of trees()) {
    const path = join(tree, root);
    mkdirSync(path, { recursive: true });
    if (isVersion2()) {
      for (const parent of [tree, path]) enableControllers(parent);
    } else {
      inheritCpuset(tree, path);
    }
  }
}

function enableControllers(path: string): void {
  for (const controller of readFileSync(join(path, 'cgroup.controllers'), 'utf8').trim().split(' ')) {
    try {
      writeFileSync(join(path, 'cgroup.subtree_control'), `+${controller}`);
    } catch {
      // Some cannot be handed down here; kubelet says which one it misses.
    }
  }
}

/** A new cpuset of version 1 is empty, and no process may enter an empty one. */
function inheritCpuset(tree: string, path: string): void {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    if (!existsSync(join(path, file)) || readFileSync(join(path, file), 'utf8').trim()) continue;
    writeFileSync(join(path, file), readFileSync(join(tree, file), 'utf8'));
  }
}

/** Every process in the group and below it. */
export function cgroupProcesses(root: string): number[] {
  const pids = trees().flatMap((tree) => below(join(tree, root)).flatMap(processesOf));
  return [...new Set(pids)];
}

/** Removes the group from every tree; its processes must have ended. */
export function removeCgroup(root: string): void {
  for (const tree of trees()) {
    for (const folder of below(join(tree, root)).reverse()) rmdirSync(folder);
  }
}

/** The group and all groups below it, parents first. */
function below(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const children = readdirSync(folder)
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isDirectory());
  return [folder, ...children.flatMap(below)];
}

function processesOf(folder: string): number[] {
  return readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
}

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

/** Version 2 has one tree and lists its controllers in a file. */
function isVersion2(): boolean {
  return existsSync(join(MOUNT, 'cgroup.controllers'));
}

/** Returns the roots of all cgroup trees of this machine: one in version 2, one per controller in version 1. */
function trees(): string[] {
  if (isVersion2()) return [MOUNT];
  return readdirSync(MOUNT)
    .map((name) => join(MOUNT, name))
    .filter((path) => existsSync(join(path, 'cgroup.procs')));
}

/** Creates the group in every tree; kubelet rejects a root that is missing in one of them. */
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
      // Some controllers cannot be delegated here. If kubelet needs one of them, its error names it.
    }
  }
}

/** A new cpuset of version 1 is empty, and no process can enter an empty one. */
function inheritCpuset(tree: string, path: string): void {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    if (!existsSync(join(path, file)) || readFileSync(join(path, file), 'utf8').trim()) continue;
    writeFileSync(join(path, file), readFileSync(join(tree, file), 'utf8'));
  }
}

/** Returns every process in the group and below it. */
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

/** Returns the group and all groups below it, parents first. */
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

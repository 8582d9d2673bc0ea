import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { delimiter } from 'node:path';
import { tryRun } from './exec.ts';
import { missingTools } from './tools.ts';
import type { ClusterConfig } from './config.ts';

const GIB = 1024 ** 3;
const MEMORY_GIB = 4;
const DISK_GIB = 5;
const BUILD_DISK_GIB = 15;
const GO_MINOR = 24;

/** A requirement that the machine does not meet, and how to meet it. */
export interface Missing {
  readonly what: string;
  readonly remedy: string;
}

/** Returns the unmet requirements that cannot be installed automatically. */
export async function missingNeeds(config: ClusterConfig, alreadyUp: boolean): Promise<Missing[]> {
  if (process.platform !== 'linux') {
    const what = `the embedded cluster runs on Linux only, this is ${process.platform}`;
    return [
      { what, remedy: 'use a Linux machine or virtual machine, or CLUSTER=current with a cluster of yours' },
    ];
  }
  const found = [rootNeed(), alreadyUp ? undefined : memoryNeed(), diskNeed(config), await goNeed(config)];
  return found.filter((missing) => missing !== undefined);
}

/** Does nothing if nothing is missing. @throws Error that lists all unmet requirements below a headline */
export function refuse(missing: readonly Missing[], headline = 'the embedded cluster cannot run here'): void {
  if (missing.length === 0) return;
  const lines = missing.map(({ what, remedy }) => `  - ${what}\n    → ${remedy}`);
  throw new Error(`${headline}:\n${lines.join('\n')}`);
}

/** Returns the path of a program, from `PATH` and the folders of administration programs. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

function rootNeed(): Missing | undefined {
  if (process.getuid?.() === 0) return undefined;
  return {
    what: 'it needs root: it mounts volumes, makes a network namespace and runs containers',
    remedy: 'run the same command with sudo -E (-E keeps your settings and the Go on your PATH)',
  };
}

function memoryNeed(): Missing | undefined {
  const kib = Number(/^MemAvailable:\s+(\d+)/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? 0);
  const gib = (kib * 1024) / GIB;
  if (gib >= MEMORY_GIB) return undefined;
  return {
    what: `it needs ${MEMORY_GIB} GiB of free memory, ${gib.toFixed(1)} GiB are free`,
    remedy: 'stop other programs, or give the machine more memory',
  };
}

function diskNeed({ dir, cacheDir }: ClusterConfig): Missing | undefined {
  const needed = missingTools(cacheDir).length > 0 ? BUILD_DISK_GIB : DISK_GIB;
  for (const path of [dir, cacheDir]) {
    const { bavail, bsize } = statfsSync(existingParent(path));
    const gib = (bavail * bsize) / GIB;
    if (gib >= needed) continue;
    return {
      what: `it needs ${needed} GiB of free disk at ${path}, ${gib.toFixed(1)} GiB are free`,
      remedy: 'free some space, or set DATAMOVER_CLUSTER_DIR and XDG_CACHE_HOME to folders on another disk',
    };
  }
  return undefined;
}

function existingParent(path: string): string {
  return existsSync(path) ? path : existingParent(dirname(path));
}

async function goNeed({ cacheDir }: ClusterConfig): Promise<Missing | undefined> {
  const missing = missingTools(cacheDir).map((tool) => tool.name);
  if (missing.length === 0) return undefined;
  const remedy = `install Go 1.${GO_MINOR} or later from https://go.dev/dl/ and put its bin folder on your PATH`;
  const goVersion = await tryRun('go', ['env', 'GOVERSION']);
  const what = `it needs Go to build ${missing.join(', ')}`;
  if (goVersion === undefined) return { what: `${what}, and there is no go on the PATH`, remedy };
  const minor = Number(/go1\.(\d+)/.exec(goVersion)?.[1] ?? 0);
  if (minor >= GO_MINOR) return undefined;
  return { what: `${what}: Go 1.${GO_MINOR} or later, this is ${goVersion.trim()}`, remedy };
}

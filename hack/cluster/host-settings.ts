import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Cleared by a reboot, which also resets the settings. */
const RUN = '/run/datamover-clusters';
const SAVED = join(RUN, 'host-settings.json');

/** Kernel parameters that kubelet changes for the whole machine when it starts. */
const KUBELET_CHANGES = [
  'vm/overcommit_memory',
  'vm/panic_on_oom',
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/keys/root_maxkeys',
  'kernel/keys/root_maxbytes',
];

/** Saves the machine's kernel parameters, once, before the first kubelet changes them. */
export function saveHostSettings(): void {
  if (existsSync(SAVED)) return;
  const values = KUBELET_CHANGES.filter((key) => existsSync(join('/proc/sys', key))).map((key) => [
    key,
    readFileSync(join('/proc/sys', key), 'utf8').trim(),
  ]);
  mkdirSync(RUN, { recursive: true });
  writeFileSync(SAVED, JSON.stringify(Object.fromEntries(values)));
}

/** Restores the kernel parameters after the last cluster of this machine has been removed. */
export function restoreHostSettings(): void {
  if (claims().length > 0) return;
  if (existsSync(SAVED)) {
    const values = JSON.parse(readFileSync(SAVED, 'utf8')) as Record<string, string>;
    for (const [key, value] of Object.entries(values)) writeFileSync(join('/proc/sys', key), value);
  }
  rmSync(RUN, { recursive: true, force: true });
}

/**
 * Reserves a cluster's name on this machine; names of network namespaces and cgroups derive from it.
 * @throws Error if a cluster with this name runs from another folder
 */
export function claimName(name: string, dir: string): void {
  const path = join(RUN, 'names', name);
  const owner = existsSync(path) ? readFileSync(path, 'utf8') : dir;
  if (owner !== dir) {
    throw new Error(
      `a cluster named ${name} already runs from ${owner}: set CLUSTER_NAME to another name, or DATAMOVER_CLUSTER_DIR to the folder above that one`,
    );
  }
  mkdirSync(join(RUN, 'names'), { recursive: true });
  writeFileSync(path, dir);
}

export function releaseName(name: string): void {
  rmSync(join(RUN, 'names', name), { force: true });
}

function claims(): string[] {
  return existsSync(join(RUN, 'names')) ? readdirSync(join(RUN, 'names')) : [];
}

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, tryRun } from '../exec.ts';
import { IMAGES, ensureImageArchives } from '../images.ts';
import { findCniFolder } from '../packages.ts';
import { findProgram } from '../needs.ts';
import { bootId } from '../proc.ts';
import type { ClusterConfig } from '../config.ts';
import type { Component, Context } from '../component.ts';
import type { ImageArchive } from '../image-archive.ts';
import type { Note } from '../progress.ts';

export const containerd: Component = {
  name: 'containerd',
  title: 'containerd',
  prepare: async ({ config }) => {
    mkdirSync(config.paths.containerd, { recursive: true });
    forgetOtherBoot(config);
    writeFileSync(
      join(config.paths.containerd, 'config.toml'),
      containerdConfig(config, await snapshotter(config)),
    );
    writeCniConfig(config);
  },
  process: ({ config }) => ({
    command: findProgram('containerd') ?? 'containerd',
    args: ['--config', join(config.paths.containerd, 'config.toml')],
    fingerprint: readFileSync(join(config.paths.containerd, 'config.toml'), 'utf8'),
    netns: config.network.netnsPath,
    childrenSurvive: true,
  }),
  ready: async ({ config }) => (await tryRun('ctr', [...address(config), 'version'])) !== undefined,
};

export const images: Component = {
  name: 'images',
  title: 'container images',
  prepare: async (context, note) => {
    const { config, program } = context;
    const mover = join(config.checkout, 'hack/cluster/doubles/volsync/image/entry.sh');
    await importImages(context, await ensureImageArchives(config.cacheDir, program('restic'), mover), note);
    note(existsSync(mover) ? '' : `${IMAGES.volsyncRestic} is left out: no ${mover}`);
  },
};

/** Imports the images that the node does not have, or has with other contents. */
export async function importImages(
  { config }: Context,
  archives: readonly ImageArchive[],
  note: Note,
): Promise<void> {
  // Stored beside containerd's data, so that both are deleted together.
  const record = join(config.paths.containerd, 'imported.json');
  const imported = existsSync(record)
    ? (JSON.parse(readFileSync(record, 'utf8')) as Record<string, string>)
    : {};
  for (const { reference, hash, path } of archives) {
    if (imported[reference] === hash) continue;
    note(reference);
    await run('ctr', [...address(config), '-n', 'k8s.io', 'images', 'import', path]);
    imported[reference] = hash;
    writeFileSync(record, JSON.stringify(imported));
  }
}

/** Returns the arguments that connect `ctr` to the cluster's containerd. */
export function address({ paths }: ClusterConfig): string[] {
  return ['--address', paths.containerdSocket];
}

/** Deletes containerd's state after a reboot. containerd expects a state folder that a reboot empties; ours is on disk. */
function forgetOtherBoot({ paths }: ClusterConfig): void {
  const state = join(paths.containerd, 'state');
  const file = join(paths.containerd, 'boot');
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  if (before !== bootId()) rmSync(state, { recursive: true, force: true });
  writeFileSync(file, bootId());
}

/** Returns overlayfs, or plain copies if the disk does not support it, for example inside a container. */
async function snapshotter({ paths }: ClusterConfig): Promise<string> {
  const folder = mkdtempSync(join(paths.containerd, 'probe-'));
  const at = (name: string): string => join(folder, name);
  for (const name of ['lower', 'upper', 'work', 'merged']) mkdirSync(at(name));
  const options = `lowerdir=${at('lower')},upperdir=${at('upper')},workdir=${at('work')}`;
  const mounted = await tryRun('mount', ['-t', 'overlay', 'overlay', '-o', options, at('merged')]);
  if (mounted !== undefined) await run('umount', [at('merged')]);
  rmSync(folder, { recursive: true });
  return mounted === undefined ? 'native' : 'overlayfs';
}

function containerdConfig({ paths }: ClusterConfig, snapshotterName: string): string {
  const at = (name: string): string => JSON.stringify(join(paths.containerd, name));
  return `version = 2
root = ${at('root')}
state = ${at('state')}
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]

[grpc]
  address = ${JSON.stringify(paths.containerdSocket)}

[plugins."io.containerd.internal.v1.opt"]
  path = ${at('opt')}

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${IMAGES.pause}"
  # A process without CAP_SYS_RESOURCE cannot lower the score, and runc fails when asked to.
  restrict_oom_score_adj = true
  disable_apparmor = ${existsSync('/sys/kernel/security/apparmor') ? 'false' : 'true'}
  # Below the cluster's folder, so that everything mounted can be found there.
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = ${JSON.stringify(findCniFolder() ?? '/usr/lib/cni')}
    conf_dir = ${JSON.stringify(paths.cni)}
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "${snapshotterName}"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
`;
}

/** Returns the network's name, which the CNI library uses as the key of its cache. */
export function cniNetwork({ name }: ClusterConfig): string {
  return `dm-${name}`;
}

function writeCniConfig(config: ClusterConfig): void {
  const { paths, network } = config;
  mkdirSync(paths.cni, { recursive: true });
  const bridge = {
    type: 'bridge',
    bridge: 'cni0',
    isGateway: true,
    hairpinMode: true,
    ipam: {
      type: 'host-local',
      dataDir: join(paths.containerd, 'ipam'),
      ranges: [[{ subnet: network.podCidr }]],
      routes: [{ dst: '0.0.0.0/0' }],
    },
  };
  const list = { cniVersion: '0.4.0', name: cniNetwork(config), plugins: [bridge] };
  writeFileSync(join(paths.cni, '10-bridge.conflist'), JSON.stringify(list, undefined, 2));
}

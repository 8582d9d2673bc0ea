import { existsSync, mkdirSync } from 'node:fs';
import { run, tryRun } from './exec.ts';
import type { NetworkConfig } from './config.ts';

/**
 * Ensures the cluster's network namespace, connected to the host by a veth pair. It can be repeated: existing parts stay
 * (processes may use them), missing ones are created.
 */
export async function ensureNetns(network: NetworkConfig): Promise<void> {
  mkdirSync('/run/netns', { recursive: true });
  if (!(await netnsLives(network))) {
    // A crash may leave a plain file without a mount, which ip refuses to replace.
    await tryRun('ip', ['netns', 'delete', network.netns]);
    await run('ip', ['netns', 'add', network.netns]);
  }
  await ensureLinks(network);
  await inside(network, ['ip', 'link', 'set', 'lo', 'up']);
  await inside(network, ['sysctl', '-qw', 'net.ipv4.ip_forward=1']);
  // The Service "kubernetes" points at the API server. With its address on the node, no kube-proxy is needed.
  await inside(network, ['ip', 'address', 'replace', `${network.apiServiceIp}/32`, 'dev', 'lo']);
  await inside(network, ['ip', 'route', 'replace', 'default', 'via', network.hostIp]);
  await run('ip', ['route', 'replace', network.podCidr, 'via', network.nodeIp]);
}

/** Removes the namespace and with it all of its links and routes. */
export async function removeNetns(network: NetworkConfig): Promise<void> {
  // The kernel removes the host's end with its peer, but later; deleting it takes effect at once.
  await tryRun('ip', ['link', 'delete', network.hostLink]);
  if (existsSync(network.netnsPath)) await tryRun('ip', ['netns', 'delete', network.netns]);
}

async function netnsLives(network: NetworkConfig): Promise<boolean> {
  if (!existsSync(network.netnsPath)) return false;
  return (await tryRun('nsenter', [`--net=${network.netnsPath}`, 'true'])) !== undefined;
}

async function ensureLinks(network: NetworkConfig): Promise<void> {
  const { hostLink, nodeLink, hostIp, nodeIp } = network;
  const onHost = await tryRun('ip', ['link', 'show', hostLink]);
  const onNode = await tryRun('nsenter', [`--net=${network.netnsPath}`, 'ip', 'link', 'show', nodeLink]);
  if (onHost === undefined || onNode === undefined) {
    await tryRun('ip', ['link', 'delete', hostLink]);
    await run('ip', [
      'link',
      'add',
      hostLink,
      'type',
      'veth',
      'peer',
      'name',
      nodeLink,
      'netns',
      network.netns,
    ]);
  }
  await run('ip', ['address', 'replace', `${hostIp}/24`, 'dev', hostLink]);
  await run('ip', ['link', 'set', hostLink, 'up']);
  await inside(network, ['ip', 'address', 'replace', `${nodeIp}/24`, 'dev', nodeLink]);
  await inside(network, ['ip', 'link', 'set', nodeLink, 'up']);
}

async function inside(network: NetworkConfig, [command = '', ...args]: string[]): Promise<string> {
  // Not "ip netns exec", which mounts /sys again and so hides the cgroup mounts from its children.
  return run('nsenter', [`--net=${network.netnsPath}`, command, ...args]);
}

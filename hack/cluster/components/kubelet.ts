import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { apiObject } from '../api.ts';
import { ensureCgroup } from '../cgroups.ts';
import { kubeconfigPath } from '../pki.ts';
import { saveHostSettings } from '../host-settings.ts';
import type { ClusterConfig } from '../config.ts';
import type { Component } from '../component.ts';

const HEALTH_PORT = 10_248;

export const kubelet: Component = {
  name: 'kubelet',
  title: 'kubelet, until the node is Ready',
  prepare: ({ config }) => {
    // kubelet sets kernel parameters of the whole machine; `down` restores them.
    saveHostSettings();
    ensureCgroup(config.cgroupRoot);
    mkdirSync(config.paths.kubelet, { recursive: true });
    writeFileSync(configFile(config), JSON.stringify(kubeletConfig(config), undefined, 2));
    writeFileSync(join(config.dir, 'resolv.conf'), '');
  },
  process: ({ config, program }) => ({
    command: program('kubernetes', 'kubelet'),
    args: [
      `--config=${configFile(config)}`,
      `--kubeconfig=${kubeconfigPath(config, 'kubelet')}`,
      `--root-dir=${config.paths.kubelet}`,
      `--cert-dir=${join(config.paths.kubelet, 'pki')}`,
      `--node-ip=${config.network.nodeIp}`,
      `--hostname-override=${config.nodeName}`,
    ],
    fingerprint: JSON.stringify(kubeletConfig(config)),
    netns: config.network.netnsPath,
  }),
  // The node's condition alone may be from before kubelet was restarted.
  ready: async ({ config }) =>
    (await fetch(healthUrl(config))).ok &&
    isReady(await apiObject(config, `/api/v1/nodes/${config.nodeName}`)),
  readyTimeoutMs: 90_000,
};

interface NodeObject {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** Reports whether a Node object has the condition Ready. */
export function isReady(node: unknown): boolean {
  const conditions = (node as NodeObject | undefined)?.status?.conditions ?? [];
  return conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
}

function healthUrl({ network }: ClusterConfig): string {
  return `http://${network.nodeIp}:${HEALTH_PORT}/healthz`;
}

function configFile({ dir }: ClusterConfig): string {
  return join(dir, 'kubelet.json');
}

function kubeletConfig({ paths, cgroupRoot, dir, network }: ClusterConfig): unknown {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: join(paths.pki, 'ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    containerRuntimeEndpoint: `unix://${paths.containerdSocket}`,
    volumePluginDir: join(paths.kubelet, 'volume-plugins'),
    podLogsDir: join(paths.logs, 'pods'),
    // No DNS server exists, but every pod would get a warning if none were configured.
    clusterDNS: [network.nodeIp],
    clusterDomain: 'cluster.local',
    resolvConf: join(dir, 'resolv.conf'),
    healthzBindAddress: network.nodeIp,
    healthzPort: HEALTH_PORT,
    cgroupDriver: 'cgroupfs',
    cgroupRoot,
    failSwapOn: false,
    failCgroupV1: false,
    localStorageCapacityIsolation: false,
    enforceNodeAllocatable: [],
    makeIPTablesUtilChains: false,
    // Disk and memory belong to the machine: a fairly full disk must not evict the cluster's pods or delete images that no
    // registry can provide again.
    evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
    imageGCHighThresholdPercent: 100,
    configMapAndSecretChangeDetectionStrategy: 'Watch',
    serializeImagePulls: false,
    kubeAPIQPS: 100,
    kubeAPIBurst: 200,
    maxPods: 200,
  };
}

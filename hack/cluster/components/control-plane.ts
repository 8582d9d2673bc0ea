import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { apiGet } from '../api.ts';
import { kubeconfigPath } from '../pki.ts';
import type { ClusterConfig } from '../config.ts';
import type { Component, Context } from '../component.ts';

const AUDIT_POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata' }],
};

export const etcd: Component = {
  name: 'etcd',
  title: 'etcd',
  prepare: ({ config }) => {
    mkdirSync(config.paths.etcd, { recursive: true, mode: 0o700 });
  },
  process: ({ config, program }) => ({
    command: program('etcd'),
    args: [
      `--data-dir=${config.paths.etcd}`,
      '--listen-client-urls=http://127.0.0.1:2379',
      '--advertise-client-urls=http://127.0.0.1:2379',
      '--listen-peer-urls=http://127.0.0.1:2380',
      // The data need not survive a power failure, and a sync per write would slow the whole cluster on slow disks.
      '--unsafe-no-fsync',
      // Without it, watches of kinds that rarely change get no bookmarks.
      '--watch-progress-notify-interval=5s',
      '--log-level=warn',
    ],
    netns: config.network.netnsPath,
  }),
  // No readiness check: etcd listens inside the namespace only, and the API server's readiness includes it.
};

export const apiserver: Component = {
  name: 'kube-apiserver',
  title: 'kube-apiserver',
  prepare: ({ config }) => {
    writeFileSync(join(config.paths.pki, 'audit-policy.json'), JSON.stringify(AUDIT_POLICY));
  },
  process: ({ config, program }) => ({
    command: program('kubernetes', 'kube-apiserver'),
    args: apiserverArgs(config),
    netns: config.network.netnsPath,
    termTimeoutMs: 5_000,
  }),
  ready: async ({ config }) => (await apiGet(config, '/readyz')).status === 200,
};

/** Returns the audit log: every request to the API server, one JSON object per line. */
export function auditLog({ paths }: ClusterConfig): string {
  return join(paths.logs, 'audit.log');
}

function apiserverArgs(config: ClusterConfig): string[] {
  const { network, paths } = config;
  const pki = (file: string): string => join(paths.pki, file);
  return [
    '--etcd-servers=http://127.0.0.1:2379',
    '--bind-address=0.0.0.0',
    // The port of the Service "kubernetes", so that pods reach it without a kube-proxy.
    '--secure-port=443',
    `--advertise-address=${network.nodeIp}`,
    `--service-cluster-ip-range=${network.serviceCidr}`,
    `--client-ca-file=${pki('ca.crt')}`,
    `--tls-cert-file=${pki('apiserver.crt')}`,
    `--tls-private-key-file=${pki('apiserver.key')}`,
    `--kubelet-client-certificate=${pki('kubelet-client.crt')}`,
    `--kubelet-client-key=${pki('kubelet-client.key')}`,
    '--kubelet-preferred-address-types=InternalIP',
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-key-file=${pki('service-account.key')}`,
    `--service-account-signing-key-file=${pki('service-account.key')}`,
    '--authorization-mode=Node,RBAC',
    '--allow-privileged=true',
    `--audit-policy-file=${pki('audit-policy.json')}`,
    `--audit-log-path=${auditLog(config)}`,
    // Tests read the log as a whole, and it must not be rotated within their hour.
    '--audit-log-maxsize=400',
    '--audit-log-maxbackup=1',
  ];
}

/** Returns a part of the control plane that only uses the API server and has no readiness endpoint of its own. */
function controlLoop(name: string, client: string, more: (config: ClusterConfig) => string[]): Component {
  return {
    name,
    title: name,
    process: ({ config, program }: Context) => ({
      command: program('kubernetes', name),
      args: [
        `--kubeconfig=${kubeconfigPath(config, client)}`,
        '--leader-elect=false',
        '--bind-address=127.0.0.1',
        '--kube-api-qps=200',
        '--kube-api-burst=400',
        ...more(config),
      ],
      netns: config.network.netnsPath,
    }),
  };
}

export const controllerManager = controlLoop('kube-controller-manager', 'controller-manager', ({ paths }) => [
  `--root-ca-file=${join(paths.pki, 'ca.crt')}`,
  `--service-account-private-key-file=${join(paths.pki, 'service-account.key')}`,
  '--use-service-account-credentials=true',
]);

export const scheduler = controlLoop('kube-scheduler', 'scheduler', () => []);

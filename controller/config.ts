import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import type { LogLevel } from '../telemetry/log.ts';
import { JANITOR_INTERVAL_MS } from './datamover/janitor/janitor.ts';

/** The controller's configuration from flags and environment. Defaults have been applied. */
export interface ControllerConfig {
  /** The protected namespace, where Velero runs. */
  namespace: string;
  kubeconfig: string | undefined;
  /** Folder of this cluster's repositories. If `undefined`, it is derived from the uid of namespace kube-system. */
  clusterName: string | undefined;
  logLevel: LogLevel;
  /** `host:port` of metrics and health. Port 0 selects a free port. */
  metricsBindAddress: { host: string; port: number };
  workers: number;
  /** Interval between two checks whether the Velero backups and restores of requests still exist. */
  janitorIntervalMs: number;
  leaderElection: boolean;
  /** Identity of this process in leader election. */
  identity: string;
}

const JANITOR_SECONDS = String(JANITOR_INTERVAL_MS / 1000);

export const USAGE = `Usage: controller [options]
  --namespace NAME              protected namespace, where Velero runs (default: POD_NAMESPACE, else velero)
  --kubeconfig FILE             cluster to work on (default: KUBECONFIG, the pod's service account, ~/.kube/config)
  --cluster-name NAME           folder of this cluster's repositories (default: short uid of namespace kube-system)
  --workers N                   requests of a kind that are looked at side by side (default: 10)
  --janitor-interval SECONDS    how often to look whether Velero still has its backups (default: ${JANITOR_SECONDS})
  --leader-election true|false  only one of several replicas works (default: true)
  --metrics-bind-address H:P    metrics and health (default: 0.0.0.0:8080)
  --log-level LEVEL             debug, info, warn or error (default: info)
`;

const LEVELS: readonly string[] = ['debug', 'info', 'warn', 'error'];

/** Parses the command line, by default that of the process. Throws an Error that names the option and its valid values. */
export function parseConfig(
  args: readonly string[] = process.argv.slice(2),
  env: Readonly<Record<string, string | undefined>> = process.env,
): ControllerConfig {
  const { values } = parseArgs({
    args: [...args],
    options: {
      namespace: { type: 'string', default: env['POD_NAMESPACE'] ?? 'velero' },
      kubeconfig: { type: 'string' },
      'cluster-name': { type: 'string' },
      workers: { type: 'string', default: '10' },
      'janitor-interval': { type: 'string', default: JANITOR_SECONDS },
      'leader-election': { type: 'string', default: 'true' },
      'metrics-bind-address': { type: 'string', default: '0.0.0.0:8080' },
      'log-level': { type: 'string', default: 'info' },
    },
  });
  return {
    namespace: values.namespace,
    kubeconfig: values.kubeconfig,
    clusterName: values['cluster-name'] === undefined ? undefined : clusterName(values['cluster-name']),
    logLevel: oneOf('--log-level', values['log-level'], LEVELS) as LogLevel,
    metricsBindAddress: address(values['metrics-bind-address']),
    workers: positive('--workers', values.workers),
    janitorIntervalMs: positive('--janitor-interval', values['janitor-interval']) * 1000,
    leaderElection: oneOf('--leader-election', values['leader-election'], ['true', 'false']) === 'true',
    identity: `${env['POD_NAME'] ?? hostname()}-${String(process.pid)}`,
  };
}

function clusterName(text: string): string {
  if (/^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$/.test(text)) return text;
  throw new Error(
    `--cluster-name ${text}: lower-case letters, digits, "-" and "." only, 63 at most, since it names a folder`,
  );
}

function oneOf(option: string, value: string, allowed: readonly string[]): string {
  if (allowed.includes(value)) return value;
  throw new Error(`${option} ${value}: must be one of ${allowed.join(', ')}`);
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Error(`${option} ${text}: must be a whole number above 0`);
}

function address(text: string): { host: string; port: number } {
  const colon = text.lastIndexOf(':');
  const port = Number(text.slice(colon + 1));
  if (colon < 0 || !Number.isInteger(port) || port < 0 || port > 65535) {
    throw new Error(`--metrics-bind-address ${text}: must be HOST:PORT`);
  }
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port };
}

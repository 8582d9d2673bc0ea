import { existsSync } from 'node:fs';
import { apiGet, apiObject } from './api.ts';
import { COMPONENTS } from './components/all.ts';
import { controllerMetrics } from './components/controller.ts';
import { isReady } from './components/kubelet.ts';
import { createContext } from './component.ts';
import { clusterExists } from './config.ts';
import { podState } from './deployment.ts';
import { TOOLS, toolVersion } from './tools.ts';
import type { Component, Context } from './component.ts';
import type { ClusterConfig } from './config.ts';

/** Returns what runs, and the paths of logs and settings, as text for users. */
export async function statusText(config: ClusterConfig): Promise<string> {
  if (!clusterExists(config)) return `cluster ${config.name}: down (there is no ${config.dir})`;
  const table = await componentTable(config);
  const lines = [`cluster ${config.name}: ${await health(config)}`, '', ...table, ''];
  const facts: [string, string][] = [
    ['node', config.nodeName],
    ['API server', config.network.apiUrl],
    ['kubeconfig', config.paths.kubeconfig],
    ['S3', `${config.s3.endpoint}  key ${config.s3.accessKey}, secret ${config.s3.secretKey}`],
    ['buckets', Object.values(config.s3.buckets).join(', ')],
    ['metrics', `controller http://${controllerMetrics(config)}/metrics, Velero port 8085 of its pod`],
    ['versions', TOOLS.map((tool) => `${tool.name} ${toolVersion(tool)}`).join(', ')],
    ['logs', config.paths.logs],
  ];
  return [...lines, ...facts.map(([name, value]) => `${name.padEnd(12)}${value}`)].join('\n');
}

async function health(config: ClusterConfig): Promise<string> {
  try {
    if ((await apiGet(config, '/readyz')).status !== 200) return 'the API server is not ready';
    const ready = isReady(await apiObject(config, `/api/v1/nodes/${config.nodeName}`));
    return ready ? 'up, the node is Ready' : 'the API server answers, the node is not Ready';
  } catch {
    return existsSync(config.paths.kubeconfig) ? 'the API server does not answer' : 'wiped or never finished';
  }
}

type Row = readonly [component: string, state: string, what: string, since: string];

async function componentTable(config: ClusterConfig): Promise<string[]> {
  const context = createContext(config);
  const components = COMPONENTS.filter(({ process, deployment }) => process ?? deployment);
  const rows = await Promise.all(components.map((component) => rowOf(context, component)));
  const head: Row = ['COMPONENT', 'STATE', 'PID OR POD', 'SINCE'];
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  return [head, ...rows].map((row) =>
    row
      .map((cell, column) => cell.padEnd((widths[column] ?? 0) + 2))
      .join('')
      .trimEnd(),
  );
}

async function rowOf(context: Context, component: Component): Promise<Row> {
  const { name, deployment } = component;
  const running = context.supervisor.find(name);
  if (running) return [name, 'running', String(running.pid), running.startedAt];
  if (deployment !== undefined) {
    // If the API server does not respond, the headline shows it.
    const pod = await podState(context.config, deployment).catch(() => undefined);
    if (pod) return [name, pod.state, pod.name, pod.since];
  }
  const reason = component.absent?.(context);
  return [name, reason === undefined ? 'stopped' : 'left out', '', reason ?? ''];
}

import { existsSync } from 'node:fs';
import { apiGet, apiObject } from './api.ts';
import { COMPONENTS } from './components/all.ts';
import { controllerMetrics } from './components/controller.ts';
import { isReady } from './components/kubelet.ts';
import { createContext } from './component.ts';
import { clusterExists } from './config.ts';
import { TOOLS, toolVersion } from './tools.ts';
import type { ClusterConfig } from './config.ts';

/** What runs and where it is to be found, as text for people. */
export async function statusText(config: ClusterConfig): Promise<string> {
  if (!clusterExists(config)) return `cluster ${config.name}: down (there is no ${config.dir})`;
  const lines = [`cluster ${config.name}: ${await health(config)}`, '', ...componentTable(config), ''];
  const facts: [string, string][] = [
    ['node', config.nodeName],
    ['API server', config.network.apiUrl],
    ['kubeconfig', config.paths.kubeconfig],
    ['S3', `${config.s3.endpoint}  key ${config.s3.accessKey}, secret ${config.s3.secretKey}`],
    ['buckets', Object.values(config.s3.buckets).join(', ')],
    [
      'metrics',
      `controller http://${controllerMetrics(config)}/metrics, Velero http://${config.network.nodeIp}:8085/metrics`,
    ],
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

function componentTable(config: ClusterConfig): string[] {
  const context = createContext(config);
  const rows = COMPONENTS.filter((component) => component.process).map((component) => {
    const running = context.supervisor.find(component.name);
    if (running) return [component.name, 'running', String(running.pid), running.startedAt];
    const reason = component.absent?.(context);
    return [component.name, reason === undefined ? 'stopped' : 'left out', '', reason ?? ''];
  });
  return [['COMPONENT', 'STATE', 'PID', 'SINCE'], ...rows].map(
    ([name = '', state = '', pid = '', since = '']) =>
      `${name.padEnd(26)}${state.padEnd(10)}${pid.padEnd(9)}${since}`.trimEnd(),
  );
}

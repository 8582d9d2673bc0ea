import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { serviceAccountKubeconfig } from '../service-account.ts';
import type { ClusterConfig } from '../config.ts';
import type { Component } from '../component.ts';

/** The service account of our controller in Velero's namespace, made by config/default. */
export const CONTROLLER_ACCOUNT = 'datamover-controller';

const configDefault = ({ checkout }: ClusterConfig): string => join(checkout, 'config/default');

/** Our CRDs, roles and settings. */
export const datamoverConfig: Component = {
  name: 'datamover-config',
  title: 'config/default: our CRDs and roles',
  absent: ({ config }) => missing(join(configDefault(config), 'kustomization.yaml')),
  prepare: async (context) => {
    const { config } = context;
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: config.namespace } };
    await context.apply({ text: JSON.stringify(namespace) });
    await context.apply({
      text: withoutDeployments(await context.kubectl(['kustomize', configDefault(config)])),
    });
  },
};

/** Our controller, from the sources of the checkout, as a process of the machine. */
export const controller: Component = {
  name: 'controller',
  title: 'our controller',
  absent: ({ config }) => missing(join(config.checkout, 'controller/main.ts')),
  prepare: async (context) => {
    const { config } = context;
    mkdirSync(config.paths.controller, { recursive: true });
    const kubeconfig = await serviceAccountKubeconfig(context, config.namespace, CONTROLLER_ACCOUNT);
    writeFileSync(kubeconfigFile(config), kubeconfig, { mode: 0o600 });
  },
  process: ({ config }) => ({
    command: process.execPath,
    args: [
      join(config.checkout, 'controller/main.ts'),
      '--namespace',
      config.namespace,
      '--kubeconfig',
      kubeconfigFile(config),
      '--metrics-bind-address',
      controllerMetrics(config),
    ],
    cwd: config.checkout,
    netns: config.network.netnsPath,
  }),
};

/** Host and port of the controller's metrics; reachable from the host. */
export function controllerMetrics({ network }: ClusterConfig): string {
  return `${network.nodeIp}:8087`;
}

function kubeconfigFile({ paths }: ClusterConfig): string {
  return join(paths.controller, 'kubeconfig');
}

/** The controller runs beside the node here; a second one in a pod would compete with it. */
export function withoutDeployments(yaml: string): string {
  const objects = parseAllDocuments(yaml).map((document) => document.toJS() as { kind?: string } | null);
  const items = objects.filter((object) => object && object.kind !== 'Deployment');
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}

function missing(path: string): string | undefined {
  return existsSync(path) ? undefined : `not built yet: there is no ${path}`;
}

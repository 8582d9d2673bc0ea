import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { applyConfigDefault } from '../config-default.ts';
import { serviceAccountKubeconfig } from '../service-account.ts';
import { sourcesStamp } from '../sources.ts';
import type { ClusterConfig } from '../config.ts';
import type { Component } from '../component.ts';

/** The service account of our controller in Velero's namespace, created by config/default. */
export const CONTROLLER_ACCOUNT = 'datamover-controller';

/** The sources of the controller. */
const SOURCES = ['api', 'kube', 'telemetry', 'controller', 'package-lock.json'];

/** Applies our CRDs and roles. The controller itself runs beside the node. */
export const datamoverConfig: Component = {
  name: 'datamover-config',
  title: 'config/default: our CRDs and roles',
  absent: ({ config }) => missing(join(config.checkout, 'config/default/kustomization.yaml')),
  prepare: async ({ config, apply, kubectl }) => {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: config.namespace } };
    await apply({ text: JSON.stringify(namespace) });
    await applyConfigDefault(config.checkout, config.namespace, kubectl);
  },
};

/** Our controller, run from the sources of the checkout as a process of the machine. */
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
      '--janitor-interval',
      '5',
    ],
    cwd: config.checkout,
    fingerprint: controllerStamp(config.checkout),
    netns: config.network.netnsPath,
  }),
};

/** Returns a value that changes with the controller's sources. */
export function controllerStamp(checkout: string): string {
  return sourcesStamp(SOURCES.map((name) => join(checkout, name)));
}

/** Returns host and port of the controller's metrics, reachable from the host. */
export function controllerMetrics({ network, metricsPort }: ClusterConfig): string {
  return `${network.nodeIp}:${metricsPort}`;
}

function kubeconfigFile({ paths }: ClusterConfig): string {
  return join(paths.controller, 'kubeconfig');
}

function missing(path: string): string | undefined {
  return existsSync(path) ? undefined : `not built yet: there is no ${path}`;
}

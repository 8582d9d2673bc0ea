import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bringUpBeside, stop } from './cluster.ts';
import { controller } from './components/controller.ts';
import { velero } from './components/velero.ts';
import { createContext, type Component } from './component.ts';
import type { ClusterConfig } from './config.ts';
import type { Progress } from './progress.ts';

/** Starts Velero and the controller of another installation. Its namespace and the rights of its controller must exist. */
export async function addInstallation(config: ClusterConfig, progress: Progress): Promise<void> {
  for (const bucket of bucketsOf(config)) mkdirSync(bucket, { recursive: true });
  await bringUpBeside(config, [velero, controllerOf(config)], progress);
}

export function startController(config: ClusterConfig, progress: Progress): Promise<void> {
  return bringUpBeside(config, [controllerOf(config)], progress);
}

/** Stops the controller of another installation until it is started again. */
export function stopController(config: ClusterConfig, progress: Progress): Promise<void> {
  const component = controllerOf(config);
  return stop(config, component.name, progress, [component]);
}

/** Removes another installation with its data. Objects with a finalizer of its controller must have been deleted before. */
export async function removeInstallation(config: ClusterConfig, progress: Progress): Promise<void> {
  const { kubectl } = createContext(config);
  const { namespace } = config;
  await stopController(config, progress);
  const bindings = await kubectl(['get', 'clusterrolebindings', '--output', 'name']);
  const own = bindings.split('\n').filter((name) => name.endsWith(`-${namespace}`));
  // If Velero is deleted first, its finalizer blocks the deletion of its Restores and therefore of the namespace.
  await kubectl(['delete', 'restores.velero.io', '--all', '--namespace', namespace, '--ignore-not-found']);
  await kubectl(['delete', `namespace/${namespace}`, ...own, '--ignore-not-found']);
  for (const bucket of bucketsOf(config)) rmSync(bucket, { recursive: true, force: true });
}

/** The process has a different name, so that the cluster can run both controllers. */
function controllerOf({ namespace }: ClusterConfig): Component {
  return { ...controller, name: `controller-${namespace}`, title: `our controller for ${namespace}` };
}

function bucketsOf({ paths, s3 }: ClusterConfig): string[] {
  return Object.values(s3.buckets).map((bucket) => join(paths.s3, bucket));
}

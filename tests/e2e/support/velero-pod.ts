import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../../hack/cluster/exec.ts';
import type { Resource } from '../../../api/kubernetes/meta.ts';
import type { TestCluster } from './cluster.ts';

interface Container {
  name: string;
  image: string;
  args?: string[];
  env?: { name: string; value?: string }[];
  resources?: { limits?: Record<string, string> };
}

interface ContainerStatus {
  name: string;
  containerID?: string;
  restartCount: number;
  state?: { terminated?: { exitCode: number } };
  lastState?: { terminated?: { reason?: string; exitCode: number; finishedAt: string } };
}

export interface VeleroPod extends Resource {
  spec: { serviceAccountName: string; initContainers?: Container[]; containers: Container[] };
  status: {
    podIP: string;
    initContainerStatuses?: ContainerStatus[];
    containerStatuses: ContainerStatus[];
  };
}

/** Returns the only pod of Velero's server. */
export async function veleroPod({ kubectl, namespace }: TestCluster): Promise<VeleroPod> {
  const args = ['get', 'pods', '--namespace', namespace, '--selector', 'deploy=velero', '--output', 'json'];
  const { items } = JSON.parse(await kubectl(args)) as { items: VeleroPod[] };
  const [pod, ...others] = items;
  if (pod === undefined || others.length > 0)
    throw new Error(`${String(items.length)} pods of Velero, not one`);
  return pod;
}

interface Event {
  reason: string;
  count?: number;
  involvedObject: { name: string; fieldPath?: string };
}

/** Returns how often a container was started in each pod of the last hour, from the Events of the kubelet. */
export async function startsOf(
  { kubectl, namespace }: TestCluster,
  container: string,
): Promise<{ pod: string; times: number }[]> {
  const started = ['--field-selector', 'reason=Started,involvedObject.kind=Pod', '--output', 'json'];
  const printed = await kubectl(['get', 'events', '--namespace', namespace, ...started]);
  const events = (JSON.parse(printed) as { items: Event[] }).items;
  return events
    .filter(({ involvedObject }) => involvedObject.fieldPath === `spec.containers{${container}}`)
    .map(({ involvedObject, count }) => ({ pod: involvedObject.name, times: count ?? 1 }));
}

/** Returns every path of the image in Velero's container, without mounts. */
export async function imageFiles({ cluster }: TestCluster, pod: VeleroPod): Promise<string[]> {
  const id = pod.status.containerStatuses[0]?.containerID?.replace('containerd://', '') ?? '';
  const socket = cluster.config.paths.containerdSocket;
  const tasks = await run('ctr', ['--address', socket, '--namespace', 'k8s.io', 'tasks', 'list']);
  const pid = new RegExp(`^${id}\\s+(\\d+)`, 'm').exec(tasks)?.[1];
  if (pid === undefined) throw new Error(`containerd runs no task ${id}:\n${tasks}`);
  const root = `/proc/${pid}/root`;
  return filesBelow(root, '', statSync(root).dev);
}

function filesBelow(root: string, folder: string, device: number): string[] {
  const at = join(root, folder);
  if (statSync(at).dev !== device) return [];
  return readdirSync(at, { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesBelow(root, path, device) : [path];
  });
}

import { apiObject } from './api.ts';
import type { Context } from './component.ts';
import type { ClusterConfig } from './config.ts';
import type { Note } from './progress.ts';

const LOG_LINES = 15;
/** Reasons of waiting containers that do not resolve by themselves. */
const CANNOT_START = /^(ErrImage.*|ImagePullBackOff|InvalidImageName|Create.*Error|RunContainerError)$/;

interface Metadata {
  readonly name: string;
  readonly generation?: number;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Deployment {
  readonly metadata: Metadata;
  readonly spec: { readonly selector: { readonly matchLabels: Readonly<Record<string, string>> } };
  readonly status?: { readonly observedGeneration?: number };
}

interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly terminated?: { readonly exitCode: number };
  };
}

interface Pod {
  readonly metadata: Metadata;
  readonly status?: {
    readonly startTime?: string;
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

/** Waits until a check returns true. The caller sets the timeout and other conditions that end the wait. */
export type Wait = (what: string, check: () => Promise<boolean>) => Promise<void>;

/** A Deployment's pod for display: name, start time and state. */
export interface PodState {
  readonly name: string;
  readonly since: string;
  /** `running`, or what it waits for. */
  readonly state: string;
}

/** Recreates the Deployment's pod, as `kubectl rollout restart` does. */
export async function restartDeployment({ config, kubectl }: Context, name: string): Promise<void> {
  await kubectl(['rollout', 'restart', `deployment/${name}`, '--namespace', config.namespace]);
}

/**
 * Waits until the pod of the current template runs and all earlier pods have ended.
 * @throws Error with the end of the container's log if a container cannot start or keeps crashing
 */
export async function untilRolledOut(context: Context, name: string, note: Note, wait: Wait): Promise<void> {
  const isHopeless = hopelessness();
  let problem: { pod: Pod; container: ContainerStatus; hopeless: boolean } | undefined;
  const check = async (): Promise<boolean> => {
    const { pods, newest } = await podsOf(context.config, name);
    if (newest === undefined) return false;
    const container = unfinished(newest);
    problem = container && { pod: newest, container, hopeless: isHopeless(newest, container) };
    note(container === undefined ? '' : `${newest.metadata.name}: ${describe(container)}`);
    return problem?.hopeless === true || (problem === undefined && isUp(newest) && pods.length === 1);
  };
  const error: unknown = await wait(`Deployment ${name}: one pod that runs`, check).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (problem) throw new Error(await whatIsWrong(context, problem.pod, problem.container), { cause: error });
  if (error instanceof Error) throw error;
}

/**
 * Returns a check for containers that cannot become ready. A crashing container must restart once more while it is watched: its
 * dependencies may only just have become available, as after a reboot.
 */
function hopelessness(): (pod: Pod, container: ContainerStatus) => boolean {
  const restartsAtFirst = new Map<string, number>();
  return ({ metadata }, { name, state, restartCount }) => {
    const key = `${metadata.name}/${name}`;
    const first = restartsAtFirst.get(key) ?? restartCount;
    restartsAtFirst.set(key, first);
    const reason = state?.waiting?.reason ?? '';
    return CANNOT_START.test(reason) || (reason === 'CrashLoopBackOff' && restartCount > first);
  };
}

/** Returns the state of the Deployment's newest pod. */
export async function podState(config: ClusterConfig, name: string): Promise<PodState | undefined> {
  const { newest } = await podsOf(config, name);
  if (newest === undefined) return undefined;
  const container = unfinished(newest);
  const state = isUp(newest) ? 'running' : 'starting';
  return {
    name: newest.metadata.name,
    since: newest.status?.startTime ?? '',
    state: container === undefined ? state : describe(container),
  };
}

/** Returns all pods of the Deployment, including terminating ones, and the pod of its current template. */
async function podsOf(config: ClusterConfig, name: string): Promise<{ pods: Pod[]; newest?: Pod }> {
  const apps = `/apis/apps/v1/namespaces/${config.namespace}`;
  const deployment = (await apiObject(config, `${apps}/deployments/${name}`)) as Deployment | undefined;
  if (deployment === undefined) return { pods: [] };
  const { metadata, spec, status } = deployment;
  const labels = Object.entries(spec.selector.matchLabels).map(([key, value]) => `${key}=${value}`);
  const query = `?labelSelector=${encodeURIComponent(labels.join())}`;
  const pods = await items<Pod>(config, `/api/v1/namespaces/${config.namespace}/pods${query}`);
  if ((status?.observedGeneration ?? 0) < (metadata.generation ?? 0)) return { pods };
  const sets = await items<{ metadata: Metadata }>(config, `${apps}/replicasets${query}`);
  const current = sets.find((set) => revision(set.metadata) === revision(metadata));
  const hash = current?.metadata.labels?.['pod-template-hash'];
  const newest = pods.find(
    (pod) =>
      pod.metadata.deletionTimestamp === undefined && pod.metadata.labels?.['pod-template-hash'] === hash,
  );
  return { pods, ...(newest && { newest }) };
}

async function items<T>(config: ClusterConfig, path: string): Promise<T[]> {
  return ((await apiObject(config, path)) as { items: T[] } | undefined)?.items ?? [];
}

function revision({ annotations }: Metadata): string | undefined {
  return annotations?.['deployment.kubernetes.io/revision'];
}

/** Returns the first container that is neither completed (as init containers are) nor ready. */
function unfinished({ status }: Pod): ContainerStatus | undefined {
  const init = status?.initContainerStatuses?.find(({ state }) => state?.terminated?.exitCode !== 0);
  return init ?? status?.containerStatuses?.find(({ ready }) => !ready);
}

function isUp({ status }: Pod): boolean {
  return status?.containerStatuses?.every(({ ready }) => ready) ?? false;
}

function describe({ name, state }: ContainerStatus): string {
  return `container ${name}: ${state?.waiting?.reason ?? 'not ready'}`;
}

async function whatIsWrong(
  { config, kubectl }: Context,
  { metadata }: Pod,
  container: ContainerStatus,
): Promise<string> {
  const where = ['--namespace', config.namespace, metadata.name, '--container', container.name];
  const which = container.restartCount > 0 ? ['--previous'] : [];
  const logs = await kubectl(['logs', ...where, ...which, `--tail=${LOG_LINES}`]).catch(() => '');
  const lastLogLines = logs
    .trimEnd()
    .split('\n')
    .map((line) => `  | ${line}`);
  const { message } = container.state?.waiting ?? {};
  const lines = [`pod ${metadata.name}, ${describe(container)}`];
  if (message !== undefined) lines.push(message);
  if (logs !== '') lines.push('the last lines of its log:', ...lastLogLines);
  return lines.join('\n');
}

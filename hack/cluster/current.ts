import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { controllerStamp } from './components/controller.ts';
import { applyConfigDefault } from './config-default.ts';
import { run, tryRun } from './exec.ts';
import { findProgram, refuse } from './needs.ts';
import { Supervisor, lastLines } from './process.ts';
import { waitUntil } from './wait.ts';
import type { ClusterConfig } from './config.ts';
import type { Missing } from './needs.ts';
import type { Progress } from './progress.ts';

const VOLSYNC_CRD = 'replicationsources.volsync.backube';
const HEADLINE = 'your cluster cannot be used yet';
const SETTLE_MS = 2_000;

/** `CLUSTER=current`: the cluster of the user's kubeconfig, in which Velero is already installed. */
export interface CurrentCluster {
  up(progress: Progress): Promise<string>;
  down(progress: Progress): Promise<string>;
  status(): Promise<string>;
  /** The path of the kubeconfig in use; several paths, joined by colons, if KUBECONFIG has several. */
  readonly kubeconfig: string;
}

export function currentCluster(config: ClusterConfig, env: NodeJS.ProcessEnv): CurrentCluster {
  const kubeconfig = env['KUBECONFIG'] ?? join(homedir(), '.kube/config');
  // Outside the folder of embedded clusters, because this cluster needs no root.
  const dir = join(config.cacheDir, 'current');
  const supervisor = new Supervisor(dir, join(dir, 'pids'), join(dir, 'logs'));
  const log = supervisor.logFile('controller');

  return {
    kubeconfig,
    up: async (progress) => {
      refuse(missingPrograms(kubeconfig), HEADLINE);
      const namespace = await progress.step('look for Velero', () => findVelero(env['VELERO_NAMESPACE']));
      const hasVolSync = (await tryRun('kubectl', ['get', 'crd', VOLSYNC_CRD])) !== undefined;
      await progress.step(`apply config/default to namespace ${namespace}`, () =>
        applyConfigDefault(config.checkout, namespace, (args) => run('kubectl', args)),
      );
      await progress.step('our controller, as a process of this machine', async () => {
        await startController(config, supervisor, { dir, namespace });
      });
      return `${advice(namespace, hasVolSync)}\n  log         ${log}`;
    },
    down: async (progress) => {
      await progress.step('stop our controller', () => supervisor.stop('controller'));
      return 'CRDs and roles stay in your cluster; kubectl delete -k config/default removes them, and with the CRDs every DataMover object';
    },
    status: () => {
      const running = supervisor.find('controller');
      const state = running ? `running, pid ${running.pid}, since ${running.startedAt}` : 'stopped';
      return Promise.resolve(`kubeconfig  ${kubeconfig}\ncontroller  ${state}\nlog         ${log}`);
    },
  };
}

function missingPrograms(kubeconfig: string): Missing[] {
  const missing: Missing[] = [];
  if (!findProgram('kubectl')) {
    missing.push({ what: 'it needs kubectl', remedy: 'install kubectl and put it on your PATH' });
  }
  if (!kubeconfig.split(delimiter).some((path) => existsSync(path))) {
    const remedy = 'set KUBECONFIG to the kubeconfig of your cluster';
    missing.push({ what: `it needs a kubeconfig, and there is no ${kubeconfig}`, remedy });
  }
  return missing;
}

/** @returns Velero's namespace */
async function findVelero(wanted: string | undefined): Promise<string> {
  await run('kubectl', ['version', '--request-timeout=10s']);
  const query = ['get', 'deployments', '--all-namespaces', '--field-selector=metadata.name=velero'];
  const found = await run('kubectl', [...query, '-o', 'jsonpath={.items[*].metadata.namespace}']);
  const chosen = chooseVelero(found.split(' ').filter(Boolean), wanted);
  if (typeof chosen === 'string') return chosen;
  refuse([chosen], HEADLINE);
  return '';
}

/** Returns the namespace of the Velero to use, or what is missing to choose one. */
export function chooseVelero(found: readonly string[], wanted: string | undefined): string | Missing {
  const [only, second] = found;
  if (only === undefined) {
    const remedy = 'install Velero 1.15 or later (velero install), or OADP';
    return { what: 'the cluster has no Deployment named velero', remedy };
  }
  if (second === undefined) return only;
  if (wanted !== undefined && found.includes(wanted)) return wanted;
  return {
    what: `the cluster has several Deployments named velero, in ${found.join(', ')}`,
    remedy:
      'set VELERO_NAMESPACE to the namespace of one; see docs/two-installations.md for the controllers of the others',
  };
}

async function startController(
  { checkout }: ClusterConfig,
  supervisor: Supervisor,
  { dir, namespace }: { dir: string; namespace: string },
): Promise<void> {
  const main = join(checkout, 'controller/main.ts');
  if (!existsSync(main)) throw new Error(`the controller is not built yet: there is no ${main}`);
  // Writes one file with only the current context, whatever files KUBECONFIG lists.
  mkdirSync(dir, { recursive: true });
  const kubeconfig = join(dir, 'kubeconfig');
  const flat = await run('kubectl', ['config', 'view', '--raw', '--flatten', '--minify']);
  writeFileSync(kubeconfig, flat, { mode: 0o600 });
  await supervisor.ensure('controller', {
    command: process.execPath,
    args: [
      main,
      '--namespace',
      namespace,
      '--kubeconfig',
      kubeconfig,
      '--metrics-bind-address',
      '127.0.0.1:8087',
    ],
    cwd: checkout,
    fingerprint: controllerStamp(checkout) + flat,
  });
  const settledAt = performance.now() + SETTLE_MS;
  const ended = (): boolean => supervisor.find('controller') === undefined;
  await waitUntil('the controller', () => ended() || performance.now() > settledAt, {
    timeoutMs: 2 * SETTLE_MS,
  });
  if (ended()) throw new Error(`the controller ended:\n${lastLines(supervisor.logFile('controller'), 15)}`);
}

/** Returns what the user has to do next. */
export function advice(namespace: string, hasVolSync: boolean): string {
  return [
    'the controller runs against your cluster. What is left to you:',
    `  - Velero must load our plugin: build its image, push it to a registry of yours, and`,
    `    velero plugin add <image> --namespace ${namespace}`,
    `  - in namespace ${namespace}: a secret restic-config and a DataMoverClass; config/samples shows both`,
    ...(hasVolSync
      ? []
      : ['  - VolSync is not installed: set mover: Restic in the class, or install VolSync 0.13 or later']),
  ].join('\n');
}

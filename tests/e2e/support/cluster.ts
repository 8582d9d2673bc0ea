import { spawn } from 'node:child_process';
import { loadCluster, type Cluster } from '../../../hack/cluster/index.ts';
import type { Resource } from '../../../api/kubernetes/meta.ts';
import { loadKubeConfig } from '../../../kube/client/config.ts';
import { createKubeClient } from '../../../kube/client/http-kube-client.ts';
import type { KubeClient } from '../../../kube/client/kube-client.ts';

/** The cluster that all stories share, with administrator access. */
export interface TestCluster {
  cluster: Cluster;
  kube: KubeClient;
  /** The protected namespace: Velero's. */
  namespace: string;
  kubectl(args: readonly string[], input?: string): Promise<string>;
  /** Server-side apply of whole objects. */
  apply(...objects: readonly object[]): Promise<void>;
  /**
   * Returns all objects of several kinds, e.g. `jobs,pods`. Without a namespace: those of all namespaces and cluster-scoped ones.
   */
  listAny(kinds: string, namespace?: string): Promise<Resource[]>;
  /** Runs a shell script in a pod's first container and returns its output, byte for byte. */
  exec(pod: { namespace: string; name: string }, script: string): Promise<Buffer>;
  close(): Promise<void>;
}

/** Returns the embedded cluster `E2E_CLUSTER` (default `datamover-e2e`). */
export function e2eCluster(): Cluster {
  const name = process.env['E2E_CLUSTER'];
  return loadCluster({ name: name === undefined || name === '' ? 'datamover-e2e' : name });
}

export async function connect(): Promise<TestCluster> {
  const cluster = e2eCluster();
  const config = await loadKubeConfig({ kubeconfig: cluster.kubeconfig });
  const kube = createKubeClient(config, { fieldManager: 'e2e', maxConnections: 10 });
  const { kubectl, namespace } = cluster;
  return {
    cluster,
    kube,
    namespace,
    kubectl,
    apply: async (...objects) => {
      const list = { apiVersion: 'v1', kind: 'List', items: objects };
      const args = ['apply', '--server-side', '--force-conflicts', '--field-manager=e2e', '-f', '-'];
      await kubectl(args, JSON.stringify(list));
    },
    listAny: async (kinds, inNamespace) => {
      const where = inNamespace === undefined ? ['--all-namespaces'] : ['--namespace', inNamespace];
      const text = await kubectl(['get', kinds, ...where, '--output', 'json']);
      return (JSON.parse(text) as { items: Resource[] }).items;
    },
    exec: (pod, script) => execInPod(cluster, pod, script),
    close: () => kube.close(),
  };
}

function execInPod(
  cluster: Cluster,
  { namespace, name }: { namespace: string; name: string },
  script: string,
): Promise<Buffer> {
  const args = ['--kubeconfig', cluster.kubeconfig, '-n', namespace, 'exec', '-i', name, '--', 'sh', '-s'];
  return new Promise((resolve, reject) => {
    const child = spawn(cluster.programs.kubectl, args, { env: { ...process.env, NO_PROXY: '*' } });
    const out: Buffer[] = [];
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(Buffer.concat(out));
      else reject(new Error(`script in pod ${namespace}/${name} ended with code ${String(code)}: ${said}`));
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(`set -eu\n${script}\n`);
  });
}

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { namespaces } from '../../api/kubernetes/core.ts';
import type { Condition, Kind, Resource } from '../../api/kubernetes/meta.ts';
import { createKubeClient } from '../../kube/client/http-kube-client.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { startControlPlane } from '../integration/control-plane.ts';

const root = join(import.meta.dirname, '../..');

interface CustomResourceDefinition extends Resource {
  status?: { conditions?: Condition[] };
}
const customResourceDefinitions: Kind<CustomResourceDefinition> = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
};

/** A real API server with our kinds and a protected namespace; the tests act as users, Velero and the controller. */
export interface TestCluster {
  kube: KubeClient;
  /** Path of a kubeconfig for the plugin. */
  kubeconfig: string;
  stop(): Promise<void>;
}

export async function startTestCluster(): Promise<TestCluster> {
  const plane = await startControlPlane();
  const kube = createKubeClient(plane.config, { fieldManager: 'contract-test' });
  for (const file of globSync('config/crd/bases/*.yaml', { cwd: root })) {
    const crd = parse(readFileSync(join(root, file), 'utf8')) as CustomResourceDefinition;
    await kube.create(customResourceDefinitions, crd);
    await established(kube, crd.metadata.name);
  }
  await createNamespace(kube, 'velero');
  return {
    kube,
    kubeconfig: plane.kubeconfig,
    async stop() {
      await kube.close();
      await plane.stop();
    },
  };
}

export async function createNamespace(kube: KubeClient, name: string): Promise<void> {
  await kube.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
}

async function established(kube: KubeClient, name: string): Promise<void> {
  const isEstablished = (crd: CustomResourceDefinition): boolean =>
    crd.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True') ?? false;
  const { resourceVersion } = await kube.listPage(customResourceDefinitions);
  const now = await kube.get(customResourceDefinitions, { name });
  if (now !== undefined && isEstablished(now)) return;
  const fieldSelector = `metadata.name=${name}`;
  const watch = { fieldSelector, resourceVersion, timeoutSeconds: 60, idleTimeoutMs: 60_000 };
  for await (const { object } of kube.watch(customResourceDefinitions, watch)) {
    if (isEstablished(object)) return;
  }
  throw new Error(`CustomResourceDefinition ${name} was not established within a minute`);
}

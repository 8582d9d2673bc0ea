import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../../hack/cluster/exec.ts';
import { pluginConfig } from '../../../api/datamover/v1alpha1/keys.ts';

/** An API server with prepared answers, over TLS like a real one, so that only the client is measured. */
export interface FakeApi {
  /** Path of a kubeconfig for it. */
  kubeconfig: string;
  stop(): void;
}

const GROUP = '/apis/oadp.openshift.io/v1alpha1';

const configMap = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name: 'data-mover',
    namespace: 'velero',
    labels: { [pluginConfig.label]: '', [pluginConfig.name]: '' },
  },
  data: { enable: 'true' },
};

const request = {
  apiVersion: 'oadp.openshift.io/v1alpha1',
  kind: 'DataMoverBackup',
  metadata: { name: 'dmb-1', namespace: 'app', uid: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { dataMoverClass: 'standard', dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'data' } },
  status: {
    phase: 'Moving',
    startTimestamp: '2026-01-01T00:00:05Z',
    movingSince: '2026-01-01T00:00:20Z',
    progress: { bytesDone: 1_288_490_189, totalBytes: 3_650_722_202, updatedAt: '2026-01-01T00:01:00Z' },
    conditions: Array.from({ length: 4 }, (_, index) => ({
      type: `Condition${String(index)}`,
      status: 'True',
      reason: 'Because',
      message: 'a sentence of some length that says what is the case',
      lastTransitionTime: '2026-01-01T00:00:30Z',
    })),
  },
};

/** Answers by path, without the query. */
const ANSWERS: Readonly<Record<string, object>> = {
  '/api/v1/namespaces/velero/configmaps': list('v1', 'ConfigMapList', [configMap]),
  '/api/v1/namespaces/app/pods': list('v1', 'PodList', []),
  '/api/v1/namespaces/app/persistentvolumeclaims': list('v1', 'PersistentVolumeClaimList', []),
  [`${GROUP}/datamoverclasses`]: list('oadp.openshift.io/v1alpha1', 'DataMoverClassList', []),
  [`${GROUP}/namespaces/app/datamoverbackups/dmb-1`]: request,
};

const NOT_FOUND = {
  apiVersion: 'v1',
  kind: 'Status',
  status: 'Failure',
  reason: 'NotFound',
  message: 'not found',
  code: 404,
};

function list(apiVersion: string, kind: string, items: object[]): object {
  return { apiVersion, kind, metadata: { resourceVersion: '1' }, items };
}

export async function startFakeApi(): Promise<FakeApi> {
  const dir = mkdtempSync(join(tmpdir(), 'bench-api-'));
  const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key];
  const names = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  await run('openssl', ['req', '-x509', ...ec, '-days', '2', ...names, '-out', cert]);
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (incoming, response) => {
    const answer = ANSWERS[new URL(incoming.url ?? '/', 'https://x').pathname];
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer ?? NOT_FOUND));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const kubeconfig = join(dir, 'kubeconfig');
  writeFileSync(
    kubeconfig,
    JSON.stringify(kubeconfigOf(`https://127.0.0.1:${String(port)}`, readFileSync(cert))),
  );
  return {
    kubeconfig,
    stop() {
      server.close();
      server.closeAllConnections();
      rmSync(dir, { recursive: true });
    },
  };
}

function kubeconfigOf(server: string, ca: Buffer): object {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'bench',
    clusters: [{ name: 'bench', cluster: { server, 'certificate-authority-data': ca.toString('base64') } }],
    users: [{ name: 'bench', user: { token: 'bench' } }],
    contexts: [{ name: 'bench', context: { cluster: 'bench', user: 'bench' } }],
  };
}

import { X509Certificate, createPrivateKey } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './exec.ts';
import type { ClusterConfig } from './config.ts';

const DAYS = '3650';

interface CertSpec {
  readonly file: string;
  readonly commonName: string;
  readonly group?: string;
  readonly usage: 'clientAuth' | 'serverAuth';
  readonly altNames?: readonly string[];
}

/** Returns the identities of the control plane, besides its CA and its key for service accounts. */
function certSpecs({ network, nodeName }: ClusterConfig): CertSpec[] {
  const altNames = [
    'DNS:localhost',
    'DNS:kubernetes',
    'DNS:kubernetes.default',
    'DNS:kubernetes.default.svc',
    'DNS:kubernetes.default.svc.cluster.local',
    'IP:127.0.0.1',
    `IP:${network.nodeIp}`,
    `IP:${network.apiServiceIp}`,
  ];
  return [
    { file: 'apiserver', commonName: 'kube-apiserver', usage: 'serverAuth', altNames },
    { file: 'admin', commonName: 'admin', group: 'system:masters', usage: 'clientAuth' },
    { file: 'kubelet-client', commonName: 'kube-apiserver', group: 'system:masters', usage: 'clientAuth' },
    { file: 'controller-manager', commonName: 'system:kube-controller-manager', usage: 'clientAuth' },
    { file: 'scheduler', commonName: 'system:kube-scheduler', usage: 'clientAuth' },
    { file: 'kubelet', commonName: `system:node:${nodeName}`, group: 'system:nodes', usage: 'clientAuth' },
  ];
}

/** Creates missing keys and certificates of the cluster, and a kubeconfig per client. */
export async function ensurePki(config: ClusterConfig): Promise<void> {
  const { pki } = config.paths;
  mkdirSync(pki, { recursive: true, mode: 0o700 });
  if (!matchingPair(pki, 'ca')) await createCa(pki);
  const serviceAccount = join(pki, 'service-account.key');
  if (!existsSync(serviceAccount)) await createKey(serviceAccount);
  const authority = new X509Certificate(readFileSync(join(pki, 'ca.crt')));
  for (const spec of certSpecs(config)) {
    if (!matchingPair(pki, spec.file, authority)) await createCert(pki, spec);
    if (spec.usage === 'clientAuth' && spec.file !== 'kubelet-client') {
      writeFileSync(kubeconfigPath(config, spec.file), clientKubeconfig(config, spec.file), { mode: 0o600 });
    }
  }
}

/** Returns the kubeconfig of one client of the control plane; users use the admin's. */
export function kubeconfigPath(config: ClusterConfig, client: string): string {
  return client === 'admin' ? config.paths.kubeconfig : join(config.paths.pki, `${client}.kubeconfig`);
}

/** Returns a kubeconfig with a token, for programs that run as a service account. */
export function tokenKubeconfig(config: ClusterConfig, token: string): string {
  return kubeconfig(config, { token });
}

function clientKubeconfig(config: ClusterConfig, client: string): string {
  return kubeconfig(config, {
    'client-certificate-data': base64(join(config.paths.pki, `${client}.crt`)),
    'client-key-data': base64(join(config.paths.pki, `${client}.key`)),
  });
}

function kubeconfig(config: ClusterConfig, user: Record<string, string>): string {
  const { name, network, paths } = config;
  const cluster = {
    server: network.apiUrl,
    'certificate-authority-data': base64(join(paths.pki, 'ca.crt')),
  };
  // JSON is valid YAML and needs no library.
  return `${JSON.stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name, cluster }],
      users: [{ name, user }],
      contexts: [{ name, context: { cluster: name, user: name } }],
      'current-context': name,
    },
    undefined,
    2,
  )}\n`;
}

function base64(path: string): string {
  return readFileSync(path).toString('base64');
}

/** Checks that key and certificate exist, are complete, match, and are signed by this authority. */
function matchingPair(pki: string, file: string, authority?: X509Certificate): boolean {
  try {
    const cert = new X509Certificate(readFileSync(join(pki, `${file}.crt`)));
    const key = createPrivateKey(readFileSync(join(pki, `${file}.key`)));
    return cert.checkPrivateKey(key) && (!authority || cert.checkIssued(authority));
  } catch {
    return false;
  }
}

async function createKey(path: string): Promise<void> {
  await run('openssl', ['ecparam', '-genkey', '-name', 'prime256v1', '-noout', '-out', `${path}.new`]);
  renameSync(`${path}.new`, path);
}

async function createCa(pki: string): Promise<void> {
  await createKey(join(pki, 'ca.key'));
  const subject = '/CN=datamover-cluster-ca';
  const extensions = [
    '-addext',
    'basicConstraints=critical,CA:TRUE',
    '-addext',
    'keyUsage=critical,keyCertSign',
  ];
  const args = ['req', '-x509', '-new', '-key', join(pki, 'ca.key'), '-days', DAYS, '-subj', subject];
  await run('openssl', [...args, ...extensions, '-out', join(pki, 'ca.crt')]);
}

async function createCert(pki: string, spec: CertSpec): Promise<void> {
  const at = (suffix: string): string => join(pki, `${spec.file}.${suffix}`);
  await createKey(at('key'));
  const subject = `${spec.group ? `/O=${spec.group}` : ''}/CN=${spec.commonName}`;
  await run('openssl', ['req', '-new', '-key', at('key'), '-subj', subject, '-out', at('csr')]);
  const extensions = [`extendedKeyUsage=${spec.usage}`, 'keyUsage=critical,digitalSignature'];
  if (spec.altNames) extensions.push(`subjectAltName=${spec.altNames.join(',')}`);
  writeFileSync(at('ext'), extensions.join('\n'));
  const signing = [
    '-CA',
    join(pki, 'ca.crt'),
    '-CAkey',
    join(pki, 'ca.key'),
    '-CAcreateserial',
    '-days',
    DAYS,
  ];
  const files = ['-in', at('csr'), '-extfile', at('ext'), '-out', at('crt')];
  await run('openssl', ['x509', '-req', '-sha256', ...signing, ...files]);
  rmSync(at('csr'));
  rmSync(at('ext'));
}

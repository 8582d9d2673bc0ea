import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentProgress } from '../../hack/cluster/progress.ts';
import { ensureTools, toolFolders } from '../../hack/cluster/tools.ts';
import type { ClusterConfig } from '../../kube/client/config.ts';

/** A real etcd and kube-apiserver on 127.0.0.1, and nothing else: no controllers unless started, no nodes. */
export interface ControlPlane {
  /** Authenticates as cluster admin. */
  readonly config: ClusterConfig;
  /** The same, as a kubeconfig file (JSON). */
  readonly kubeconfig: string;
  /** A user without any rights, to test a missing RBAC rule. */
  readonly powerless: ClusterConfig;
  /** Returns the configuration of one of the users that it was started with; RBAC grants their rights. */
  as(user: string): ClusterConfig;
  readonly etcdUrl: string;
  /** Ends the API server at once (SIGKILL), or gracefully. etcd and its data are kept. */
  stopApiserver(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Starts it again on the same port and waits until it is ready. */
  startApiserver(): Promise<void>;
  /** Starts these controllers of kube-controller-manager, with the shortest intervals. */
  startControllers(...names: string[]): Promise<void>;
  /** Compacts etcd, and with it the API server. */
  compact(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a control plane for one test file; ready in some seconds. Stop it in `afterAll`. */
export async function startControlPlane(users: readonly string[] = []): Promise<ControlPlane> {
  const bin = await findPrograms();
  const dir = mkdtempSync(join(tmpdir(), 'control-plane-'));
  const [etcdPort, peerPort, apiPort] = await freePorts(3);
  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  const credentials = writeCredentials(dir, users);
  const running = new Set<Program>();

  async function launch(name: string, program: string, args: string[]): Promise<Program> {
    const started = start(join(dir, `${name}.log`), program, args);
    running.add(started);
    void started.exited.then(() => running.delete(started));
    return started;
  }

  const etcd = await launch('etcd', bin.etcd, [
    '--data-dir',
    join(dir, 'etcd'),
    '--unsafe-no-fsync',
    // As installers set it: without these notifications the API server sends no bookmarks for a kind without changes.
    '--watch-progress-notify-interval',
    '5s',
    '--listen-client-urls',
    etcdUrl,
    '--advertise-client-urls',
    etcdUrl,
    '--listen-peer-urls',
    `http://127.0.0.1:${peerPort}`,
    '--initial-advertise-peer-urls',
    `http://127.0.0.1:${peerPort}`,
    '--initial-cluster',
    `default=http://127.0.0.1:${peerPort}`,
  ]);

  const server = `https://127.0.0.1:${apiPort}`;
  let apiserver: Program | undefined;
  const startApiserver = async (): Promise<void> => {
    apiserver = await launch('kube-apiserver', bin.apiserver, apiserverArgs({ dir, etcdUrl, port: apiPort }));
    await waitUntilReady(apiserver, server, credentials.admin);
  };

  const stop = async (): Promise<void> => {
    await apiserver?.end('SIGKILL');
    await etcd.end('SIGKILL');
    await Promise.all([...running].map((program) => program.end('SIGKILL')));
    rmSync(dir, { recursive: true, force: true });
  };

  try {
    await startApiserver();
  } catch (error) {
    await stop();
    throw error;
  }
  const ca = readFileSync(join(dir, 'certs', 'apiserver.crt'));
  const configFor = (token: string): ClusterConfig => ({
    server,
    tls: { ca },
    authorization: () => Promise.resolve(`Bearer ${token}`),
    namespace: 'default',
  });
  const kubeconfig = join(dir, 'kubeconfig.json');
  writeFileSync(kubeconfig, kubeconfigOf({ server, ca, token: credentials.admin }));

  return {
    config: configFor(credentials.admin),
    powerless: configFor(credentials.powerless),
    as: (user) => configFor(credentials.users.get(user) ?? ''),
    kubeconfig,
    etcdUrl,
    async stopApiserver(signal = 'SIGKILL') {
      await apiserver?.end(signal);
      apiserver = undefined;
    },
    startApiserver,
    async startControllers(...names) {
      await launch('kube-controller-manager', bin.controllerManager, controllerArgs(kubeconfig, names));
    },
    compact: () => compactEtcd(etcdUrl),
    stop,
  };
}

interface Programs {
  etcd: string;
  apiserver: string;
  controllerManager: string;
}

/**
 * Finds the programs in `DATAMOVER_TOOLS_BIN`, a folder with all of them, or in the cache of the embedded cluster (built if it is
 * empty).
 */
async function findPrograms(): Promise<Programs> {
  const folder = process.env.DATAMOVER_TOOLS_BIN;
  if (folder !== undefined && folder !== '')
    return {
      etcd: join(folder, 'etcd'),
      apiserver: join(folder, 'kube-apiserver'),
      controllerManager: join(folder, 'kube-controller-manager'),
    };
  const cacheDir = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'datamover');
  await ensureTools(cacheDir, silentProgress);
  const folders = toolFolders(cacheDir);
  return {
    etcd: join(folders.etcd, 'bin', 'etcd'),
    apiserver: join(folders.kubernetes, 'bin', 'kube-apiserver'),
    controllerManager: join(folders.kubernetes, 'bin', 'kube-controller-manager'),
  };
}

function apiserverArgs({ dir, etcdUrl, port }: { dir: string; etcdUrl: string; port: number }): string[] {
  return [
    ['--etcd-servers', etcdUrl],
    ['--bind-address', '127.0.0.1'],
    ['--advertise-address', '127.0.0.1'],
    ['--secure-port', String(port)],
    // It creates its own certificate there, and finds it again after a restart.
    ['--cert-dir', join(dir, 'certs')],
    ['--token-auth-file', join(dir, 'tokens.csv')],
    ['--authorization-mode', 'RBAC'],
    ['--service-account-issuer', 'https://kubernetes.default.svc'],
    ['--service-account-key-file', join(dir, 'sa.pub')],
    ['--service-account-signing-key-file', join(dir, 'sa.key')],
    ['--service-cluster-ip-range', '10.0.0.0/24'],
    // No controller would create the accounts that this plugin requires.
    ['--disable-admission-plugins', 'ServiceAccount'],
    ['--endpoint-reconciler-type', 'none'],
    ['--shutdown-delay-duration', '0s'],
  ].flat();
}

function controllerArgs(kubeconfig: string, names: readonly string[]): string[] {
  return [
    ['--kubeconfig', kubeconfig],
    ['--controllers', names.join(',')],
    ['--leader-elect=false'],
    ['--secure-port', '0'],
    ['--kube-api-qps', '2000'],
    ['--kube-api-burst', '4000'],
  ].flat();
}

interface Credentials {
  admin: string;
  powerless: string;
  users: ReadonlyMap<string, string>;
}

function writeCredentials(dir: string, names: readonly string[]): Credentials {
  mkdirSync(join(dir, 'certs'));
  const token = (): string => randomBytes(16).toString('hex');
  const [admin, powerless] = [token(), token()];
  const users = new Map(names.map((name) => [name, token()]));
  const lines = [
    `${admin},admin,admin,system:masters`,
    `${powerless},powerless,powerless`,
    ...[...users].map(([name, secret]) => `${secret},${name},${name}`),
  ];
  writeFileSync(join(dir, 'tokens.csv'), `${lines.join('\n')}\n`, { mode: 0o600 });
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(join(dir, 'sa.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
  writeFileSync(join(dir, 'sa.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  return { admin, powerless, users };
}

function kubeconfigOf({ server, ca, token }: { server: string; ca: Buffer; token: string }): string {
  const name = 'control-plane';
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [{ name, cluster: { server, 'certificate-authority-data': ca.toString('base64') } }],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: 'default' } }],
  });
}

interface Program {
  readonly exited: Promise<void>;
  readonly log: string;
  alive(): boolean;
  /** Sends the signal to exactly this child and waits for its end. */
  end(signal: NodeJS.Signals): Promise<void>;
}

/** An API server spends much time on garbage collection; up to a limit memory is cheaper. */
const THRIFTY = { ...process.env, GOGC: '300', GOMEMLIMIT: '1GiB' };

function start(log: string, program: string, args: string[]): Program {
  const out = openSync(log, 'a');
  // No other process would end it if this process is killed.
  const withUs = ['--pdeathsig', 'KILL', program, ...args];
  const child: ChildProcess = spawn('setpriv', withUs, { stdio: ['ignore', out, out], env: THRIFTY });
  closeSync(out);
  let over = false;
  const exited = new Promise<void>((resolve) => {
    const finish = (): void => {
      over = true;
      resolve();
    };
    child.once('exit', finish);
    child.once('error', finish);
  });
  return {
    exited,
    log,
    alive: () => !over,
    async end(signal) {
      if (!over) child.kill(signal);
      await exited;
    },
  };
}

const READY_MS = 60_000;

async function waitUntilReady(program: Program, server: string, token: string): Promise<void> {
  const giveUpAt = Date.now() + READY_MS;
  while (!(await answersReady(server, token))) {
    if (!program.alive() || Date.now() > giveUpAt) {
      const tail = readFileSync(program.log, 'utf8').split('\n').slice(-15).join('\n');
      throw new Error(`kube-apiserver did not become ready; the end of its log:\n${tail}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/**
 * Returns true if the server is ready. Its certificate may not exist yet, so it is not verified; only the answer "ready" counts.
 */
function answersReady(server: string, token: string): Promise<boolean> {
  return new Promise((resolve) => {
    const ask = request(
      `${server}/readyz`,
      {
        rejectUnauthorized: false,
        headers: { authorization: `Bearer ${token}` },
        timeout: 2_000,
        agent: false,
      },
      (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      },
    );
    ask.on('error', () => resolve(false));
    ask.on('timeout', () => ask.destroy());
    ask.end();
  });
}

/** Returns ports that were free a moment ago. */
async function freePorts(count: 3): Promise<[number, number, number]>;
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.once('listening', resolve))));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Compacts etcd through its JSON gateway. */
async function compactEtcd(etcdUrl: string): Promise<void> {
  const call = async (path: string, body: unknown): Promise<{ header: { revision: string } }> => {
    const response = await fetch(`${etcdUrl}${path}`, { method: 'POST', body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`etcd ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as { header: { revision: string } };
  };
  const { header } = await call('/v3/kv/range', { key: Buffer.from('/').toString('base64') });
  await call('/v3/kv/compaction', { revision: header.revision, physical: true });
}

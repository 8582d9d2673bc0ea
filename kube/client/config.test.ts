import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadKubeConfig } from './config.ts';
import { tokenFromFile } from './token-file.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'kube-config-'));
});
afterEach(() => {
  jest.useRealTimers();
  rmSync(dir, { recursive: true, force: true });
});

const base64 = (text: string): string => Buffer.from(text).toString('base64');

function write(name: string, content: unknown): string {
  const path = join(dir, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const kubeconfig = (user: object, cluster: object = {}, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': 'one',
  clusters: [{ name: 'c', cluster: { server: 'https://1.2.3.4:6443', ...cluster } }],
  users: [{ name: 'u', user }],
  contexts: [{ name: 'one', context: { cluster: 'c', user: 'u', namespace: 'team' } }],
  ...more,
});

describe('kubeconfig', () => {
  it('reads certificates, inline and from files beside it, as YAML or JSON', async () => {
    write('ca.pem', 'CA');
    const yaml = [
      'current-context: one',
      'clusters: [{ name: c, cluster: { server: "https://h:1", certificate-authority: ca.pem, tls-server-name: api } }]',
      `users: [{ name: u, user: { client-certificate-data: ${base64('CERT')}, client-key-data: ${base64('KEY')} } }]`,
      'contexts: [{ name: one, context: { cluster: c, user: u } }]',
    ].join('\n');
    const config = await loadKubeConfig({ kubeconfig: write('config', yaml) });
    expect(config.server).toBe('https://h:1');
    expect(config.tls).toEqual({
      ca: Buffer.from('CA'),
      cert: Buffer.from('CERT'),
      key: Buffer.from('KEY'),
      servername: 'api',
    });
    expect(config.authorization).toBeUndefined();
    expect(config.namespace).toBeUndefined();
  });

  it('reads tokens, token files and basic auth', async () => {
    const authorize = async (user: object) =>
      (await loadKubeConfig({ kubeconfig: write('config', kubeconfig(user)) })).authorization?.(false);
    expect(await authorize({ token: 'abc' })).toBe('Bearer abc');
    write('token', 'def\n');
    expect(await authorize({ tokenFile: 'token' })).toBe('Bearer def');
    expect(await authorize({ username: 'me', password: 'secret' })).toBe(`Basic ${base64('me:secret')}`);
  });

  it('takes the named context, and the first of several files that has an entry', async () => {
    const second = write(
      'second',
      kubeconfig({ token: 'x' }, {}, { contexts: [{ name: 'two', context: { cluster: 'c', user: 'u' } }] }),
    );
    const first = write('first', { clusters: [{ name: 'c', cluster: { server: 'https://first:1' } }] });
    const config = await loadKubeConfig({ context: 'two', env: { KUBECONFIG: `${first}:${second}` } });
    expect(config.server).toBe('https://first:1');
    expect(await config.authorization?.(false)).toBe('Bearer x');
  });

  it('runs a credential program', async () => {
    const program = write(
      'login',
      `#!/bin/sh\necho '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"from-program"}}'\n`,
    );
    chmodSync(program, 0o755);
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: program,
      interactiveMode: 'Never',
    };
    const config = await loadKubeConfig({ kubeconfig: write('config', kubeconfig({ exec })) });
    expect(await config.authorization?.(false)).toBe('Bearer from-program');
  });

  it.each([
    ['a missing file', 'nowhere', undefined, /cannot read the kubeconfig .*nowhere/],
    ['no context', 'a', { clusters: [] }, /no current-context/],
    ['an unknown context', 'b', { 'current-context': 'x' }, /"x" is not among its contexts/],
    ['broken text', 'c', '{', /cannot be parsed/],
    ['nothing at all', 'd', '', /cannot be parsed/],
    ['a proxy', 'e', kubeconfig({}, { 'proxy-url': 'http://p' }), /has a proxy-url, which is not supported/],
  ])('reports the problem with %s', async (_, name, content, words) => {
    if (content !== undefined) write(name, content);
    await expect(loadKubeConfig({ kubeconfig: join(dir, name) })).rejects.toThrow(words);
  });
});

describe('in a pod', () => {
  const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };

  it('uses the service account', async () => {
    write('token', 'pod-token');
    write('ca.crt', 'CA');
    write('namespace', 'velero\n');
    const config = await loadKubeConfig({ env, serviceAccountDir: dir });
    expect(config).toMatchObject({ server: 'https://[fd00::1]:443', tls: { ca: 'CA' }, namespace: 'velero' });
    expect(await config.authorization?.(false)).toBe('Bearer pod-token');
  });

  it('prefers KUBECONFIG', async () => {
    write('token', 'pod-token');
    const path = write('config', kubeconfig({ token: 'abc' }));
    const config = await loadKubeConfig({ env: { ...env, KUBECONFIG: path }, serviceAccountDir: dir });
    expect(config.server).toBe('https://1.2.3.4:6443');
  });
});

describe('token file', () => {
  it('is read again after ten seconds, or at once if a fresh token is required', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] });
    const path = write('token', 'one');
    const token = tokenFromFile(path);
    expect(await token(false)).toBe('Bearer one');
    write('token', 'two');
    expect(await token(false)).toBe('Bearer one');
    expect(await token(true)).toBe('Bearer two');
    write('token', 'three');
    jest.setSystemTime(Date.now() - 3_600_000);
    jest.advanceTimersByTime(10_000);
    expect(await token(false)).toBe('Bearer three');
  });

  it('provides the last token while it cannot be read, and fails if it was never read', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] });
    const path = write('token', 'one');
    const token = tokenFromFile(path);
    await token(false);
    rmSync(path);
    jest.advanceTimersByTime(10_000);
    expect(await token(false)).toBe('Bearer one');
    mkdirSync(join(dir, 'folder'));
    await expect(tokenFromFile(join(dir, 'folder'))(false)).rejects.toThrow(
      /cannot read the API token file .*folder/,
    );
  });
});

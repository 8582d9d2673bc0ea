import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { annotations } from '../../api/v1alpha1/keys.ts';
import { backupAction, claim, recordAction, restoreAction, veleroBackup, veleroRestore } from './objects.ts';
import {
  HostError,
  pluginDir,
  pluginPath,
  startVeleroHost,
  type Call,
  type VeleroHost,
} from './velero-host.ts';

/** The process as Velero knows it: found, listed, called, crashed, ended. No cluster is needed for any of it. */

const MIB = 1 << 20;
const restore = veleroRestore();
/** Nothing in it concerns the data mover, so nothing is asked of Kubernetes. */
const unmovedRestore = (item: object): Call => ({
  op: 'execute',
  ...restoreAction,
  owner: restore,
  item: JSON.stringify(item),
});

let host: VeleroHost;
let tmp: string;

beforeAll(async () => {
  tmp = mkdtempSync(join(tmpdir(), 'contract-'));
  host = await startVeleroHost({ env: { TMPDIR: tmp, KUBECONFIG: '/nowhere/kubeconfig' } });
}, 600_000);

afterAll(async () => {
  await host.close();
  rmSync(tmp, { recursive: true, force: true });
});

async function session<T>(name: string, work: () => Promise<T>): Promise<T> {
  await host.call({ op: 'discover', dir: pluginDir });
  await host.call({ op: 'open', session: name });
  try {
    return await work();
  } finally {
    await host.call({ op: 'close', session: name });
  }
}

describe('discovery', () => {
  it('finds every action under its name, and the path that was started', async () => {
    const { result } = await host.call<{ command: string; kind: string; name: string }[]>({
      op: 'discover',
      dir: pluginDir,
    });
    const expected = [backupAction, restoreAction, recordAction].map((action) => ({
      Command: pluginPath,
      Kind: action.kind,
      Name: action.name,
    }));
    expect(result).toEqual(expect.arrayContaining(expected));
    expect(result).toHaveLength(expected.length);
  });

  it('ships one executable file and no links', () => {
    const files = readdirSync(pluginDir, { withFileTypes: true, recursive: true });
    expect(files.every((file) => file.isFile())).toBe(true);
    const modes = files.map(({ name }) => [name, (statSync(join(pluginDir, name)).mode & 0o777).toString(8)]);
    expect(Object.fromEntries(modes)).toEqual({
      'velero-plugin-for-datamover': '755',
      'libstdc++.so.6': '644',
      'libgcc_s.so.1': '644',
    });
  });

  it('works from any folder', async () => {
    const elsewhere = join(tmp, 'plugins with a space');
    cpSync(pluginDir, elsewhere, { recursive: true });
    chmodSync(join(elsewhere, 'velero-plugin-for-datamover'), 0o755);
    const { result } = await host.call<{ Command: string }[]>({ op: 'discover', dir: elsewhere });
    expect(new Set(result.map(({ Command }) => Command))).toEqual(
      new Set([join(elsewhere, 'velero-plugin-for-datamover')]),
    );
    rmSync(elsewhere, { recursive: true });
  });

  it.each([
    [backupAction, ['persistentvolumeclaims', 'persistentvolumes']],
    [restoreAction, ['persistentvolumeclaims', 'persistentvolumes']],
    [recordAction, ['datamoverbackups.oadp.openshift.io']],
  ])('%p applies to %p', async (action, resources) => {
    const { result } = await session('applies', () =>
      host.call<{ IncludedResources: string[] }>({ op: 'appliesTo', session: 'applies', ...action }),
    );
    expect(result.IncludedResources).toEqual(resources);
  });
});

describe('calls', () => {
  it('echo an item of 10 MiB as it came, numbers beyond 2^53 included', async () => {
    const item = `{"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"big","namespace":"app"},"spec":{"exact":9007199254740993,"blob":"${'x'.repeat(10 * MIB)}"}}`;
    const { result } = await session('big', () =>
      host.call<{ item: { spec: { blob: string } } }>({
        op: 'execute',
        session: 'big',
        ...restoreAction,
        owner: restore,
        item,
      }),
    );
    expect(result.item.spec.blob).toHaveLength(10 * MIB);
  });

  it('run at the same time', async () => {
    await session('parallel', async () => {
      const items = Array.from({ length: 200 }, (_, index) => claim('app', `data-${String(index)}`));
      const answers = await Promise.all(
        items.map((item) => host.call<{ item: unknown }>({ ...unmovedRestore(item), session: 'parallel' })),
      );
      expect(answers.map(({ result }) => result.item)).toEqual(items);
      expect(await children()).toHaveLength(1);
    });
  });

  it('answer Progress and Cancel for ids that mean nothing', async () => {
    await session('ids', async () => {
      const ask = (op: string, operationID: string, owner: unknown = veleroBackup()) =>
        host.call<{ Completed: boolean; Err: string; Started: string; Updated: string }>({
          op,
          session: 'ids',
          ...backupAction,
          owner,
          operationID,
        });
      const { result } = await ask('progress', 'no id of ours');
      expect(result).toMatchObject({ Completed: true, Err: expect.stringContaining('no id of ours') });
      expect(Date.parse(result.Started)).toBe(Date.parse('2026-01-01T00:00:00Z'));
      expect(Date.parse(result.Updated)).toBeGreaterThan(Date.parse('2026-01-01T00:00:00Z'));
      await expect(ask('cancel', 'no id of ours')).resolves.toBeDefined();
    });
  });

  it('treat an API server that cannot be reached as no answer yet, never as the end', async () => {
    await session('unreachable', async () => {
      const { result } = await host.call<{ Completed: boolean; Err: string; Description: string }>({
        op: 'progress',
        session: 'unreachable',
        ...backupAction,
        owner: veleroBackup(),
        operationID: 'app/dmb-1',
      });
      expect(result).toMatchObject({ Completed: false, Err: '' });
      expect(result.Description).toContain('/nowhere/kubeconfig');
    });
  });

  it('are always ready for additional items', async () => {
    const { result } = await session('ready', () =>
      host.call<boolean>({ op: 'itemsReady', session: 'ready', ...restoreAction, owner: restore }),
    );
    expect(result).toBe(true);
  });
});

describe('errors', () => {
  it('of an action come with their message, file and function, and the process lives on', async () => {
    await session('error', async () => {
      const before = host.call({
        op: 'execute',
        session: 'error',
        ...backupAction,
        owner: veleroBackup(),
        item: JSON.stringify(claim('app', 'data')),
      });
      const error = await failureOf(before);
      expect(error.message).toMatch(/^rpc error: code = Unknown desc = .*Kubernetes.*\/nowhere\/kubeconfig/);
      expect(error.place).toMatchObject({ file: expect.stringMatching(/^plugin\/connect\.ts:\d+$/) });
      const [pid] = await children();
      await host.call({ ...unmovedRestore(claim('app', 'data')), session: 'error' });
      expect(await children()).toEqual([pid]);
    });
  });

  it('that nobody meant are what Go calls a panic, and the process lives on', async () => {
    await session('panic', async () => {
      const broken = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: null };
      const item = { ...broken, spec: { note: annotations.movedBy } };
      const error = await failureOf(host.call({ ...unmovedRestore(item), session: 'panic' }));
      expect(error.message).toMatch(/code = Aborted desc = plugin panicked: /);
      expect(error.place?.file).toMatch(/^plugin\/.*\.ts:\d+$/);
      expect(error.place?.function).not.toBe('');
      expect(await children()).toHaveLength(1);
    });
  });

  it('of garbage input name it', async () => {
    await session('garbage', async () => {
      const error = await failureOf(
        host.call({
          op: 'progress',
          session: 'garbage',
          kind: 'BackupItemActionV2',
          name: 'example.com/other',
        }),
      );
      expect(error.message).toContain('example.com/other');
    });
  });
});

describe('the process', () => {
  it('is started anew after a crash', async () => {
    await session('crash', async () => {
      const call = { ...unmovedRestore(claim('app', 'data')), session: 'crash' };
      await host.call(call);
      const [first = 0] = await children();
      process.kill(first, 'SIGKILL');
      await until(() => host.logs('crash').some(({ msg }) => msg === 'plugin process exited'));
      await host.call(call);
      const [second] = await children();
      expect(second).toBeDefined();
      expect(second).not.toBe(first);
    });
    expect(readdirSync(tmp)).toEqual([]);
  });

  it('ends at once when Velero is done with it, and says nothing', async () => {
    const times: number[] = [];
    for (let round = 0; round < 5; round++) {
      const name = `kill-${String(round)}`;
      await host.call({ op: 'discover', dir: pluginDir });
      await host.call({ op: 'open', session: name });
      await host.call({ ...unmovedRestore(claim('app', 'data')), session: name });
      const { millis, result } = await host.call({ op: 'close', session: name });
      times.push(millis);
      expect(result).toEqual({ warnings: 0, errors: 0 });
      expect(host.logs(name).filter(({ level }) => level === 'warning' || level === 'error')).toEqual([]);
    }
    // Velero kills after 2 s; a process that leaves by itself takes some milliseconds.
    expect(Math.min(...times)).toBeLessThan(250);
    expect(Math.max(...times)).toBeLessThan(1_500);
  });

  it('leaves nothing behind', async () => {
    await session('leftovers', () =>
      host.call({ ...unmovedRestore(claim('app', 'data')), session: 'leftovers' }),
    );
    expect(await children()).toEqual([]);
    expect(readdirSync(tmp)).toEqual([]);
  });

  it('ends with a host that was killed', async () => {
    const other = await startVeleroHost({ env: { TMPDIR: tmp } });
    await other.call({ op: 'discover', dir: pluginDir });
    await other.call({ op: 'open', session: 'orphan' });
    await other.call({ ...unmovedRestore(claim('app', 'data')), session: 'orphan' });
    const { result } = await other.call<number[]>({ op: 'children' });
    const [orphan = 0] = result;
    process.kill(other.pid, 'SIGKILL');
    await gone(orphan);
    expect(readdirSync(tmp)).toEqual([]);
  });
});

async function children(): Promise<number[]> {
  return (await host.call<number[]>({ op: 'children' })).result;
}

async function failureOf(call: Promise<unknown>): Promise<HostError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof HostError)) throw new Error('the call did not fail');
  return error;
}

/** Waits until a process is no more (a zombie is no process). */
async function gone(pid: number): Promise<void> {
  await until(() => {
    try {
      return /^State:\s+Z/m.test(readFileSync(`/proc/${String(pid)}/status`, 'utf8'));
    } catch {
      return true;
    }
  });
}

async function until(holds: () => boolean): Promise<void> {
  const giveUpAt = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > giveUpAt) throw new Error(`still not so after 10 s: ${String(holds)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

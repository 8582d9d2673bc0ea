import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { annotations } from '../../api/datamover/v1alpha1/keys.ts';
import { veleroVersions } from './harness-program.ts';
import {
  backupAction,
  blockAction,
  claim,
  deleteAction,
  recordAction,
  restoreAction,
  veleroBackup,
  veleroRestore,
} from './objects.ts';
import { children, discover, inSession, openSession, type Session } from './session.ts';
import { afterExit, until } from './until.ts';
import { HostError, pluginDir, pluginPath, startVeleroHost, type VeleroHost } from './velero-host.ts';

/**
 * The process as Velero sees it: found, listed, called, crashed, ended; with the client code of every minor version that the
 * plugin supports. None of it needs a cluster.
 */

// Each test starts processes; the benchmarks measure how fast they are.
jest.setTimeout(60_000);

const MIB = 1 << 20;
const MARKED_RESOURCES = [
  'persistentvolumeclaims',
  'persistentvolumes',
  'volumesnapshots.snapshot.storage.k8s.io',
  'volumesnapshotcontents.snapshot.storage.k8s.io',
];
const NO_CLUSTER = { KUBECONFIG: '/nowhere/kubeconfig' };
const backup = veleroBackup();
const restore = veleroRestore();

describe.each(veleroVersions)('Velero %s', (version) => {
  let host: VeleroHost;
  let tmp: string;

  beforeAll(async () => {
    tmp = mkdtempSync(join(tmpdir(), 'contract-'));
    host = await startVeleroHost({ version, env: { TMPDIR: tmp, ...NO_CLUSTER } });
    await discover(host);
  }, 600_000);

  afterAll(async () => {
    await host.close();
    rmSync(tmp, { recursive: true, force: true });
  });

  /** Makes a call that does not concern the data mover, so that the plugin sends no request to Kubernetes. */
  function echo(session: Session, item: unknown = claim('app', 'data')) {
    return session.execute(restoreAction, restore, item);
  }

  describe('discovery', () => {
    it('finds every action under its name, and the path that was started', async () => {
      const actions = [backupAction, restoreAction, recordAction, deleteAction, blockAction];
      const expected = actions.map((action) => ({
        Command: pluginPath,
        Kind: action.kind,
        Name: action.name,
      }));
      const found = await discover(host);
      expect(found).toEqual(expect.arrayContaining(expected));
      expect(found).toHaveLength(expected.length);
    });

    it('finds one executable file and no links', () => {
      const files = readdirSync(pluginDir, { withFileTypes: true, recursive: true });
      expect(files.every((file) => file.isFile())).toBe(true);
      const modes = files.map(({ name }) => [
        name,
        (statSync(join(pluginDir, name)).mode & 0o777).toString(8),
      ]);
      expect(Object.fromEntries(modes)).toEqual({
        [basename(pluginPath)]: '755',
        'libstdc++.so.6': '644',
        'libgcc_s.so.1': '644',
      });
    });

    it('works from any folder', async () => {
      const elsewhere = mkdtempSync(join(tmpdir(), 'plugins with a space '));
      cpSync(pluginDir, elsewhere, { recursive: true });
      const commands = (await discover(host, elsewhere)).map(({ Command }) => Command);
      expect(new Set(commands)).toEqual(new Set([join(elsewhere, basename(pluginPath))]));
      rmSync(elsewhere, { recursive: true });
      await discover(host);
    });

    it.each([
      [
        backupAction,
        [
          ...MARKED_RESOURCES,
          'jobs.batch',
          'serviceaccounts',
          'roles.rbac.authorization.k8s.io',
          'rolebindings.rbac.authorization.k8s.io',
        ],
      ],
      [restoreAction, MARKED_RESOURCES],
      [
        recordAction,
        ['backups', 'restores', 'deletes', 'prunes'].map((kind) => `datamover${kind}.oadp.openshift.io`),
      ],
      [deleteAction, ['datamoverbackups.oadp.openshift.io', 'persistentvolumeclaims', 'namespaces']],
      [blockAction, ['persistentvolumeclaims']],
    ])('%p applies to %p', async (action, resources) => {
      const selector = await inSession(host, 'applies', (session) => session.appliesTo(action));
      expect(selector.IncludedResources).toEqual(resources);
    });
  });

  describe('calls', () => {
    it('echo an item of 10 MiB', async () => {
      const item = claim('app', 'big', { spec: { blob: 'x'.repeat(10 * MIB) } });
      const { item: returned } = await inSession(host, 'big', (session) => echo(session, item));
      expect(returned.spec.blob).toHaveLength(10 * MIB);
    });

    it('run at the same time, in one process', async () => {
      await inSession(host, 'parallel', async (session) => {
        const items = Array.from({ length: 200 }, (_, index) => claim('app', `data-${String(index)}`));
        const answers = await Promise.all(items.map((item) => echo(session, item)));
        expect(answers.map(({ item }) => item)).toEqual(items);
        expect(await children(host)).toHaveLength(1);
      });
    });

    it('answer Progress and Cancel for ids that mean nothing', async () => {
      await inSession(host, 'ids', async (session) => {
        const progress = await session.progress(backupAction, backup, 'no id of ours');
        expect(progress).toMatchObject({ Completed: true, Err: expect.stringContaining('no id of ours') });
        expect(Date.parse(progress.Started)).toBe(Date.parse('2026-01-01T00:00:00Z'));
        expect(Date.parse(progress.Updated)).toBeGreaterThan(Date.parse('2026-01-01T00:00:00Z'));
        await session.cancel(backupAction, backup, 'no id of ours');
      });
    });

    it('treat an API server that cannot be reached as no answer yet, never as the end', async () => {
      const progress = await inSession(host, 'unreachable', (session) =>
        session.progress(backupAction, backup, 'app/dmb-1'),
      );
      expect(progress).toMatchObject({ Completed: false, Err: '' });
      expect(progress.Description).toContain(NO_CLUSTER.KUBECONFIG);
    });

    it('are always ready for additional items', async () => {
      const ready = inSession(host, 'ready', (session) => session.itemsReady(restoreAction, restore));
      await expect(ready).resolves.toBe(true);
    });
  });

  describe('errors', () => {
    it('come with their message, file, line and function, and the process lives on', async () => {
      await inSession(host, 'error', async (session) => {
        const error = await failureOf(session.execute(backupAction, backup, claim('app', 'data')));
        expect(error.message).toMatch(
          /^rpc error: code = Unknown desc = .*Kubernetes.*\/nowhere\/kubeconfig/,
        );
        expect(error.place?.file).toMatch(/^plugin\/connect\.ts:[1-9]\d*$/);
        const running = await children(host);
        await echo(session);
        expect(await children(host)).toEqual(running);
      });
    });

    it('that are unexpected are reported like a Go panic, and the process keeps running', async () => {
      await inSession(host, 'panic', async (session) => {
        const item = {
          apiVersion: 'v1',
          kind: 'PersistentVolumeClaim',
          metadata: null,
          spec: { note: annotations.movedBy },
        };
        const error = await failureOf(echo(session, item));
        expect(error.message).toMatch(/code = Aborted desc = plugin panicked: /);
        expect(error.place?.file).toMatch(/^plugin\/velero\/moved-mark\.ts:[1-9]\d*$/);
        expect(error.place?.function).toBe('markOf');
        expect(await children(host)).toHaveLength(1);
      });
    });

    it('name an action that does not exist', async () => {
      const unknown = { kind: restoreAction.kind, name: 'example.com/other' };
      const calling = inSession(host, 'unknown', (session) => session.appliesTo(unknown));
      await expect(calling).rejects.toThrow('example.com/other');
    });
  });

  describe('the process', () => {
    it('is started again after a crash, and removes the files of the crashed one', async () => {
      await inSession(host, 'crash', async (session) => {
        await echo(session);
        const [first = 0] = await children(host);
        process.kill(first, 'SIGKILL');
        await afterExit(session.logs, () => echo(session));
        const [second] = await children(host);
        expect(second).toBeDefined();
        expect(second).not.toBe(first);
      });
      expect(readdirSync(tmp)).toEqual([]);
    });

    it('exits at once when Velero closes the session, without a warning', async () => {
      for (let round = 0; round < 5; round++) {
        const session = await openSession(host, `end-${String(round)}`);
        await echo(session);
        // A process that has not exited by itself within 2 s is killed, with a warning.
        expect(await session.close()).toMatchObject({ warnings: 0, errors: 0 });
      }
    });

    it('leaves nothing behind', async () => {
      await inSession(host, 'leftovers', echo);
      expect(await children(host)).toEqual([]);
      expect(readdirSync(tmp)).toEqual([]);
    });

    it('ends with a host that was killed', async () => {
      const other = await startVeleroHost({ version, env: { TMPDIR: tmp } });
      await discover(other);
      await echo(await openSession(other, 'orphan'));
      const [orphan = 0] = await children(other);
      process.kill(other.pid, 'SIGKILL');
      await until(() => !isAlive(orphan));
      expect(readdirSync(tmp)).toEqual([]);
    });
  });
});

async function failureOf(call: Promise<unknown>): Promise<HostError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof HostError)) throw new Error('the call did not fail');
  return error;
}

/** Returns false for a zombie, too: a process that has ended but whose parent has not yet waited for it. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${String(pid)}/status`, 'utf8'));
  } catch {
    return false;
  }
}

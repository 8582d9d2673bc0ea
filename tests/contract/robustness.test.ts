import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildFixture } from './fixture.ts';
import { fixtureAction } from './fixture/name.ts';
import { veleroVersions } from './harness-program.ts';
import { veleroRestore } from './objects.ts';
import { children, discover, inSession, type Session } from './session.ts';
import { afterExit, until } from './until.ts';
import { HostError, startVeleroHost, type LogEntry, type VeleroHost } from './velero-host.ts';

/**
 * What the process and Velero do if an action, a library or another program misbehaves. The plugin's server runs with an action
 * that misbehaves on request (fixture/main.ts).
 */

jest.setTimeout(120_000);

const HANG_LIMIT = '1200ms';
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const restore = veleroRestore();

let plugins: string;
beforeAll(async () => {
  plugins = mkdtempSync(join(tmpdir(), 'fixture-'));
  await buildFixture(plugins);
});
afterAll(() => rmSync(plugins, { recursive: true }));

describe.each(veleroVersions)('Velero %s', (version) => {
  let host: VeleroHost;
  let tmp: string;

  beforeAll(async () => {
    tmp = mkdtempSync(join(tmpdir(), 'contract-'));
    host = await startVeleroHost({
      version,
      env: { TMPDIR: tmp, DATA_MOVER_PLUGIN_HANG_LIMIT: HANG_LIMIT },
    });
    await discover(host, plugins);
  }, 600_000);
  afterAll(async () => {
    await host.close();
    expect(readdirSync(tmp)).toEqual([]);
    rmSync(tmp, { recursive: true });
  });

  const tell = (session: Session, spec: { do: string; text?: string }) =>
    session.execute(fixtureAction, restore, {
      apiVersion: 'example.com/v1',
      kind: 'Thing',
      metadata: { name: 'thing', namespace: 'app' },
      spec,
    });
  const failure = async (session: Session, spec: { do: string; text?: string }): Promise<HostError> => {
    const error = await tell(session, spec).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof HostError)) throw new Error('the call did not fail');
    return error;
  };
  /** Does something in one session, and proves that the process survives. */
  const survives = (name: string, work: (session: Session) => Promise<void>): Promise<void> =>
    inSession(host, name, async (session) => {
      await tell(session, { do: 'nothing' });
      const running = await children(host);
      await work(session);
      await tell(session, { do: 'nothing' });
      expect(await children(host)).toEqual(running);
    });

  describe('the log', () => {
    const said = (session: Session): LogEntry[] =>
      session.logs().filter(({ cmd, msg }) => cmd !== undefined && /^(one|two|three|four)$/.test(msg));

    it('has lines of every level, with their fields', async () => {
      await inSession(host, 'levels', async (session) => {
        await tell(session, { do: 'log' });
        await until(() => said(session).length === 4);
        const about = { namespace: 'app', name: 'data', resource: 'things.example.com' };
        const [one, two, three, four] = said(session);
        expect(one).toMatchObject({ level: 'debug', msg: 'one', ...about });
        expect(two).toMatchObject({ level: 'info', msg: 'two', ...about, count: 3, list: ['a', 1] });
        expect(three).toMatchObject({ level: 'warning', msg: 'three', ...about });
        expect(four).toMatchObject({ level: 'error', msg: 'four', ...about });
        expect(JSON.stringify(four)).toMatch(/"error[^"]*":"boom"/);
        expect(four!['error.function']).toBe('Object.log');
        expect(await session.close()).toMatchObject({ warnings: 1, errors: 1 });
        await host.call({ op: 'open', session: 'levels' });
      });
    });

    it('omits lower levels if Velero runs with --log-level=warning', async () => {
      const quiet = await startVeleroHost({ version, flags: ['--log-level=warning'], env: { TMPDIR: tmp } });
      await discover(quiet, plugins);
      await inSession(quiet, 'quiet', async (session) => {
        await tell(session, { do: 'log' });
        await until(() => said(session).length === 2);
        expect(said(session).map(({ msg }) => msg)).toEqual(['three', 'four']);
      });
      await quiet.close();
    });

    it('does not break the server, even with fields of the wrong type', async () => {
      await survives('hostile', async (session) => {
        await tell(session, { do: 'logHostile' });
        await until(() => session.logs().some(({ msg }) => msg === '{"not":"text"}'));
        const line = session.logs().find(({ msg }) => msg === '{"not":"text"}');
        expect(line).toMatchObject({ level: 'info', namespace: '7', name: 'null', resource: '["x"]' });
      });
    });

    it('shows a line that is too long as one line, cut', async () => {
      await survives('long', async (session) => {
        await tell(session, { do: 'logLong', text: 'é' });
        await until(() => session.logs().some(({ msg }) => msg.startsWith('éé')));
        const line = session.logs().find(({ msg }) => msg.startsWith('éé'));
        expect(line).toMatchObject({ level: 'info', msg: expect.stringMatching(/^é+… \(200000 bytes\)$/) });
      });
    });

    it('has what libraries print, and standard output does not fill up', async () => {
      await survives('print', async (session) => {
        for (let round = 0; round < 5; round++) await tell(session, { do: 'print', text: 'printed' });
        const lines = () => session.logs().filter(({ msg }) => msg.includes('printed'));
        // console.log, stdout and console.error, five times; the warning of Node.js has its text as the error.
        const warnings = () => session.logs().filter(({ msg }) => msg === 'Node warns: OddWarning');
        await until(() => lines().length === 15 && warnings().length >= 5);
        expect(new Set(lines().map(({ level }) => level))).toEqual(new Set(['debug']));
        expect(warnings()).toHaveLength(5);
      });
    });
  });

  describe('an exception in an action', () => {
    it('is the error of its call, with file and function, and never the end of the process', async () => {
      await survives('mistake', async (session) => {
        const error = await failure(session, { do: 'throwMistake' });
        expect(error.message).toMatch(/code = Aborted desc = plugin panicked: x is not a function/);
        expect(error.place?.function).toBe('Object.throwMistake');
        expect(error.place?.file).toMatch(/:[1-9]\d*$/);
      });
    });

    it('may be no error at all', async () => {
      await survives('nothing', async (session) => {
        const error = await failure(session, { do: 'throwNothing' });
        expect(error.message).toMatch(/code = Aborted desc = plugin panicked: undefined/);
      });
    });

    it.each(['x', 'é', 'a😀'])(
      'may have a long text of %p: it is cut, and keeps file and function',
      async (text) => {
        await survives('long-text', async (session) => {
          const error = await failure(session, { do: 'throwLong', text });
          expect(error.message).toMatch(/^rpc error: code = Unknown desc = .*… \(\d00000 bytes\)$/);
          expect(Buffer.byteLength(error.message)).toBeLessThan(4_300);
          expect(error.place?.function).toBe('Object.throwLong');
        });
      },
    );
  });

  describe('a process that ends', () => {
    it.each([
      ['by a rejection that nobody waits for', 'rejectLater', /uncaught error/],
      ['by itself', 'exit', undefined],
      ['because it stands still', 'block', /its event loop was blocked for 1\.2 s/],
    ])(
      '%s fails the call, logs the reason, and the next call starts a new process',
      async (_, deed, lastWords) => {
        await inSession(host, deed, async (session) => {
          await tell(session, { do: 'nothing' });
          const [first] = await children(host);
          // The call may be answered before its unhandled promise ends the process.
          await tell(session, { do: deed }).catch((error: unknown) =>
            expect(String(error)).toMatch(/code = Unavailable/),
          );
          await afterExit(session.logs, () => tell(session, { do: 'nothing' }));
          if (lastWords !== undefined)
            expect(session.logs()).toContainEqual(
              expect.objectContaining({ level: 'error', msg: expect.stringMatching(lastWords) }),
            );
          const [second] = await children(host);
          expect(second).toBeDefined();
          expect(second).not.toBe(first);
        });
      },
    );
  });

  it('ends a process whose call is not answered yet', async () => {
    await inSession(host, 'waiting', async (session) => {
      const waiting = failure(session, { do: 'wait' });
      // If it were closed between the start of the process and its call, Velero would still make the call, and the process would
      // never be ended.
      await until(() => session.logs().some(({ msg }) => msg === 'waits'));
      await session.close();
      expect((await waiting).message).toMatch(/code = (Unavailable|Canceled)/);
      expect(await children(host)).toEqual([]);
      await host.call({ op: 'open', session: 'waiting' });
    });
  });

  it.each([
    ['bytes that mean nothing', randomBytes(64 * 1024)],
    ['another protocol', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
    [
      'the beginning of the right one and then anything',
      Buffer.concat([Buffer.from(PREFACE), randomBytes(65_536)]),
    ],
  ])('is not disturbed by %s on the socket', async (_, bytes) => {
    await survives('garbage', async (session) => {
      const [folder = ''] = readdirSync(tmp);
      const socket = connect(join(tmp, folder, 'socket'));
      // The socket may be closed before all data is written.
      socket.on('error', () => undefined);
      socket.resume();
      socket.end(bytes);
      await once(socket, 'close');
      expect(session.logs().filter(({ level }) => level === 'error')).toEqual([]);
    });
  });
});

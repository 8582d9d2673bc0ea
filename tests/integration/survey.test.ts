import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RESTORE_ROOT } from '../../movers/restic-repository/transfer/root-folder.ts';
import { readSurvey } from '../../movers/volsync/survey.ts';
import { SURVEY_SCRIPT } from '../../movers/volsync/survey-script.ts';
import { reporting, reports } from '../../movers/restic-repository/log/script-log.ts';
import { staticBusybox } from '../../hack/cluster/packages.ts';

/** What the Jobs beside VolSync find and do, in a shell like that of restic's image, on a volume with all kinds of names. */

const APPLETS =
  'sh find sed awk timeout stat mktemp mkfifo tr wc cat rm chown chmod touch mkdir base64 head cut'.split(
    ' ',
  );
let folder: string;
let servers: Server[];
const at = (...names: string[]): string => join(folder, ...names);
const inVolume = (...names: string[]): string => at('volume', ...names);

beforeEach(() => {
  servers = [];
  // In memory: 40,000 folders take a busy disk a minute.
  folder = fs.mkdtempSync(join(fs.existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'survey-'));
  fs.chmodSync(folder, 0o755);
  for (const name of ['bin', 'volume', 'scratch']) fs.mkdirSync(at(name));
  fs.chmodSync(at('scratch'), 0o777);
  for (const applet of APPLETS) fs.symlinkSync(staticBusybox(), at('bin', applet));
  playRestic('exit 10');
  fs.writeFileSync(inVolume('file'), 'precious');
});

afterEach(() => {
  for (const server of servers) server.close();
  execFileSync('rm', ['-rf', folder]);
});

/** Replaces restic by a script. The temporary repository reports nothing about the root folder. */
function playRestic(body: string): void {
  const script = `#!${at('bin', 'sh')}\n[ "$1" != -r ] || exit 0\n${body}\n`;
  fs.writeFileSync(at('bin', 'restic'), script, { mode: 0o755 });
}

function run(script: string, args: string[] = [], uid?: number): { lines: string[]; status: number | null } {
  const body = script.replaceAll('/data', at('volume'));
  const { stdout, stderr, status } = spawnSync(at('bin', 'sh'), ['-c', body, 'restic', ...args], {
    encoding: 'utf8',
    env: { PATH: at('bin'), TMPDIR: at('scratch') },
    ...(uid !== undefined && { uid, gid: uid }),
  });
  return { lines: `${stdout}${stderr}`.split('\n'), status };
}

function survey(uid?: number): ReturnType<typeof readSurvey> {
  const { lines, status } = run(SURVEY_SCRIPT, [], uid);
  expect(status).toBe(0);
  return readSurvey(reports(lines));
}

function notSaved(uid?: number): string | undefined {
  const outcome = survey(uid);
  if (outcome.state !== 'Done') throw new Error(JSON.stringify(outcome));
  return outcome.facts.notSaved;
}

/** The length of a socket's path is limited, that of a temporary folder is not. */
async function addSocket(path: string): Promise<void> {
  const server = createServer();
  servers.push(server);
  const before = process.cwd();
  process.chdir(at('volume'));
  await new Promise<void>((resolve) => server.listen('plain', resolve));
  process.chdir(before);
  fs.renameSync(inVolume('plain'), path);
}

describe('the survey of a volume before VolSync reads it', () => {
  it('finds nothing if the only lost+found is the empty one of the file system', () => {
    fs.mkdirSync(inVolume('lost+found'), 0o700);
    fs.writeFileSync(inVolume('not-lost+found'), '');
    fs.mkdirSync(inVolume('lost+found.d'));
    expect(notSaved()).toBeUndefined();
  });

  it.each<[string, string, () => void]>([
    [
      'what the file system has found',
      'lost+found',
      () => fs.writeFileSync(inVolume('lost+found', '#12'), ''),
    ],
    ['a file', 'home/lost+found', () => fs.writeFileSync(inVolume('home', 'lost+found'), '')],
    ['a link', 'home/lost+found', () => fs.symlinkSync('file', inVolume('home', 'lost+found'))],
    ['a pipe', 'home/lost+found', () => execFileSync('mkfifo', [inVolume('home', 'lost+found')])],
    [
      'a folder that is not empty',
      'home/lost+found',
      () => fs.mkdirSync(inVolume('home', 'lost+found', 'more'), { recursive: true }),
    ],
    [
      'a name that needs quoting',
      'a?b\\"{/lost+found',
      () => fs.mkdirSync(inVolume('a\nb"{', 'lost+found', 'more'), { recursive: true }),
    ],
  ])('finds data: %s', (_, first, add) => {
    fs.mkdirSync(inVolume('lost+found'), 0o700);
    fs.mkdirSync(inVolume('home'));
    add();
    const outcome = survey();
    expect(outcome).toMatchObject({ state: 'Failed', reason: 'UnsupportedContent' });
    expect(outcome).toHaveProperty(
      'message',
      expect.stringContaining(`under 1 such name, the first being "${first}"`),
    );
  });

  it('treats a folder that it may not read as data', () => {
    fs.mkdirSync(inVolume('home', 'lost+found'), { recursive: true });
    fs.chmodSync(inVolume('home', 'lost+found'), 0o700);
    expect(survey(65534)).toMatchObject({ state: 'Failed', reason: 'UnsupportedContent' });
  });

  it('names the folder of the file system that it may not read', () => {
    fs.mkdirSync(inVolume('lost+found'), 0o700);
    expect(notSaved(65534)).toBe('the folder lost+found of the file system, which the mover may not read');
  });

  it.each([1, 10, 300, 20_000])('counts %i empty folders of that name, and as many of data', (count) => {
    const each = (command: string): void =>
      void execFileSync('sh', ['-c', `seq -f 'f%.0f/lost+found' ${String(count)} | ${command}`], {
        cwd: at('volume'),
      });
    each('xargs mkdir -p');
    expect(notSaved()).toBe(`empty folders called lost+found: ${String(count)}`);
    each('sed s,$,/x, | xargs touch');
    expect(survey()).toMatchObject({
      message: expect.stringContaining(`under ${String(count)} such name`) as unknown,
    });
  });

  it.each([1, 10, 300, 20_000])('counts %i sockets with any name', async (count) => {
    fs.mkdirSync(inVolume('home'));
    await addSocket(inVolume('home', 'lost+found'));
    for (let i = 1; i < count; i++)
      fs.linkSync(inVolume('home', 'lost+found'), inVolume('home', `s\n${String(i)}`));
    expect(notSaved()).toBe(`sockets: ${String(count)}`);
  });

  it('does not mistake a file name for a report', () => {
    fs.writeFileSync(inVolume('{"message_type":"left out","held":0}'), '');
    fs.writeFileSync(inVolume('x\n{"message_type":"repository","id":"00"}'), '');
    const outcome = survey();
    expect(outcome).toEqual({ state: 'Done', facts: { rootFolder: expect.anything() as unknown } });
  });

  it('describes the root folder, and the repository if there is one', () => {
    fs.chownSync(at('volume'), 999, 998);
    fs.chmodSync(at('volume'), 0o2750);
    fs.utimesSync(at('volume'), 1, 1_767_225_600);
    const rootFolder = { mode: '2750', uid: 999, gid: 998, time: '2026-01-01T00:00:00.000Z' };
    expect(survey()).toEqual({ state: 'Done', facts: { rootFolder } });
    const repositoryID = 'ab'.repeat(32);
    playRestic(`echo '{"version": 2, "id": "${repositoryID}", "chunker_polynomial": "3"}'`);
    expect(survey()).toEqual({ state: 'Done', facts: { rootFolder, repositoryID } });
  });

  describe('of which no repository exists', () => {
    const repositoryID = 'ab'.repeat(32);
    const isInitialized = (): boolean => fs.existsSync(at('scratch', 'repository'));

    beforeEach(() => {
      const repository = at('scratch', 'repository');
      playRestic(`case $1 in
        init) echo '{"id": "${repositoryID}"}' > ${repository}; echo "created restic repository" ;;
        cat) [ -e ${repository} ] || exit 10; cat ${repository} ;;
      esac`);
    });

    it('initializes the repository, because VolSync would not report its id', () => {
      expect(survey()).toMatchObject({ state: 'Done', facts: { repositoryID } });
      expect(isInitialized()).toBe(true);
    });

    it('leaves the storage as it is if VolSync would save nothing', async () => {
      fs.rmSync(inVolume('file'));
      fs.mkdirSync(inVolume('lost+found'), 0o700);
      await addSocket(inVolume('socket'));
      expect(survey()).not.toHaveProperty('facts.repositoryID');
      expect(isInitialized()).toBe(false);
    });

    it('leaves the storage as it is if the backup fails because of what VolSync leaves out', () => {
      fs.mkdirSync(inVolume('home', 'lost+found', 'more'), { recursive: true });
      expect(survey()).toMatchObject({ state: 'Failed' });
      expect(isInitialized()).toBe(false);
    });
  });

  it('leaves it to VolSync to report why a repository cannot be initialized', () => {
    playRestic('[ "$1" = init ] || exit 10\nexit 1');
    const outcome = survey();
    expect(outcome).toMatchObject({ state: 'Done' });
    expect(outcome).not.toHaveProperty('facts.repositoryID');
  });
});

describe('the root folder of a restored volume', () => {
  const script = reporting(`root=$1\ncd /data\n${RESTORE_ROOT}`);
  const described = (): unknown[] => {
    const { mode, uid, gid, mtimeMs } = fs.statSync(at('volume'));
    return [(mode & 0o7777).toString(8), uid, gid, mtimeMs];
  };

  it('is as recorded', () => {
    expect(run(script, ['2770:999:998:1767225600']).lines).toContain(
      '{"message_type":"root restored","refused":""}',
    );
    expect(described()).toEqual(['2770', 999, 998, 1_767_225_600_000]);
  });

  it('is reported if it cannot be restored as recorded', () => {
    expect(run(script, ['2770:999:998:1767225600'], 65534)).toMatchObject({
      status: 0,
      lines: expect.arrayContaining([
        '{"message_type":"root restored","refused":"owner mode time"}',
      ]) as unknown,
    });
  });
});

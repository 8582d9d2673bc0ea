import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { BackupFacts } from '../../movers/mover.ts';
import { savedFacts } from '../../movers/restic/proof.ts';
import {
  lossesOf,
  provesRestore,
  restoredIn,
} from '../../movers/restic-repository/transfer/restore-proof.ts';
import {
  complaints,
  readMessages,
  type Messages,
} from '../../movers/restic-repository/transfer/transfer-messages.ts';
import { BACKUP_SCRIPT } from '../../movers/restic/scripts.ts';
import { RESTORER } from '../../movers/restic-repository/transfer/transfer-run.ts';
import { RESTORE_SCRIPT } from '../../movers/restic-repository/transfer/restore-script.ts';
import { readResticLog } from '../../movers/volsync/restic-log.ts';
import { readSurvey } from '../../movers/volsync/survey.ts';
import { SURVEY_SCRIPT } from '../../movers/volsync/survey-script.ts';
import { diagnose } from '../../movers/restic-repository/log/diagnosis.ts';
import { repositoryContext } from '../../movers/restic-repository/access/repository-context.ts';
import { QUICK_PASSWORD, quickRepository } from './quick-repository.ts';
import { rootArgument } from '../../movers/restic-repository/transfer/root-folder.ts';
import { reports } from '../../movers/restic-repository/log/script-log.ts';
import { compareVerification } from '../../movers/restic-repository/verification/compare-verification.ts';
import { verificationScript } from '../../movers/restic-repository/verification/script.ts';
import { ATTR, ensurePackages, staticBusybox } from '../../hack/cluster/packages.ts';
import { silentProgress } from '../../hack/cluster/progress.ts';
import { attributesBelow, isOrdinary, notSavedOfRoot } from './attributes.ts';
import { withCapabilities } from './capabilities.ts';
import { resticBin } from './restic-bin.ts';
import {
  describeTree,
  hasOwnFolder,
  lostAndFound,
  plant,
  plantCrowd,
  tree,
  type Tree,
} from './tree-planting.ts';

/**
 * Any tree of files is restored entry by entry, or the result reports the difference; and the verification agrees. TREES is the
 * number of trees, 200 in `make test-trees`.
 */

const TREES = Number(process.env['TREES'] ?? 4);
const isLong = TREES >= 100;
/** As many of each kind in one tree. */
const CROWDS = isLong ? [10, 300, 20_000] : [300];
const APPLETS =
  'sh find sed awk id timeout sleep stat mktemp mkfifo tr wc cat rm chown chmod touch dd head cut date grep ls sync mkdir base64'.split(
    ' ',
  );
const ENTRY = join(import.meta.dirname, '../../hack/cluster/doubles/volsync/image/entry.sh');
const place = repositoryContext('c1/app/data', 'velero/restic-config', { privileges: '', space: '' });

let restic: string;
let folder: string;
const at = (...names: string[]): string => join(folder, ...names);

beforeAll(async () => {
  await ensurePackages(silentProgress, [ATTR], 'no extended attributes can be tried');
  restic = join(await resticBin(), 'restic');
}, 600_000);

beforeEach(() => {
  folder = fs.mkdtempSync(join(fs.existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'trees-'));
  fs.chmodSync(folder, 0o777);
  fs.mkdirSync(at('bin'));
  for (const applet of APPLETS) fs.symlinkSync(staticBusybox(), at('bin', applet));
  fs.copyFileSync(restic, at('bin', 'restic'));
  fs.chmodSync(at('bin', 'restic'), 0o755);
});

afterEach(() => void execFileSync('rm', ['-rf', folder]));

interface Run {
  lines: string[];
  status: number | null;
}

/** Who runs a script: an ordinary user, or root with these capabilities only. Default: root with all. */
interface As {
  uid?: number;
  capabilities?: readonly string[];
}

function execute(args: string[], { uid, capabilities }: As = {}): Run {
  const scratch = fs.mkdtempSync(at('scratch-'));
  fs.chmodSync(scratch, 0o777);
  const command = [...withCapabilities(capabilities), at('bin', 'sh'), ...args];
  const { stdout, stderr, status } = spawnSync('/usr/bin/env', command, {
    encoding: 'utf8',
    env: {
      PATH: at('bin'),
      RESTIC_REPOSITORY: at('repository'),
      RESTIC_PASSWORD: QUICK_PASSWORD,
      RESTIC_CACHE_DIR: join(scratch, 'cache'),
      TMPDIR: scratch,
      DATA_DIR: at('data'),
      FORGET_OPTIONS: '--keep-last 2147483647',
    },
    maxBuffer: 2 ** 26,
    ...(uid !== undefined && { uid, gid: uid }),
  });
  return { lines: `${stdout}${stderr}`.split('\n'), status };
}

const run = (script: string, args: string[], as?: As): Run =>
  execute(['-c', script.replaceAll('/data', at('data')), 'restic', ...args], as);

/** VolSync's mover, as its double behaves. */
const volSync = (operation: 'backup' | 'restore'): Run => execute([ENTRY, operation]);

/** Creates a new, empty volume. */
function renew(uid?: number): void {
  execFileSync('rm', ['-rf', at('data')]);
  fs.mkdirSync(at('data'));
  if (uid === undefined) return;
  for (const path of ['data', 'repository'])
    execFileSync('chown', ['-R', `${String(uid)}:${String(uid)}`, at(path)]);
}

function verify(
  kind: 'backup' | 'restore',
  { snapshotID = '' }: BackupFacts,
  reported: { files?: number; bytes?: number },
  leavesOutLostAndFound = false,
) {
  const request = { kind, level: 'Data', isLive: false, snapshotID, reported } as const;
  const { lines } = run(verificationScript(request, leavesOutLostAndFound), [snapshotID, at('data')]);
  return compareVerification(
    lines.map((line) => line.replace(`"paths":["${at('data')}"]`, '"paths":["/data"]')),
    request,
  );
}

const countSockets = (): number =>
  Number(execFileSync('sh', ['-c', `find '${at('data')}' -type s -print0 | tr -dc '\\0' | wc -c`]));

/** Plants a tree and runs `attempt` with it. */
async function withTree(planted: Tree, attempt: (sockets: number) => void, crowd = 0): Promise<void> {
  execFileSync('rm', ['-rf', at('data'), at('repository')]);
  quickRepository(at('repository'));
  const servers = await plant(at('data'), planted);
  if (crowd > 0) servers.push(...(await plantCrowd(at('data'), crowd)));
  try {
    attempt(countSockets());
  } finally {
    for (const server of servers) server.close();
  }
}

const isRoot = (line: string): boolean => line.startsWith(' ');

/** Describes what a backup by restic contains: all but the file system's own folder. */
function describeSaved(withOwners: boolean): string[] {
  const hasOwn = hasOwnFolder(at('data'));
  return describeTree(at('data'), withOwners).filter((line) => !hasOwn || !line.startsWith('/lost+found '));
}

/** Saves the tree as root and passes what the result contains to `comesBack`, unless the volume is empty. */
function byRestic(
  sockets: number,
  comesBack: (facts: BackupFacts, before: readonly string[]) => void,
  withOwners = true,
): void {
  const before = describeSaved(withOwners);
  const { lines, status } = run(BACKUP_SCRIPT, ['request=1']);
  expect(status).toBe(0);
  const facts = savedFacts(readMessages(lines));
  const told = [...(sockets > 0 ? [`sockets: ${String(sockets)}`] : []), ...notSavedOfRoot(at('data'))];
  expect(facts.notSaved).toBe(told.length > 0 ? told.join(', ') : undefined);
  if (facts.empty === true) {
    expect(before.filter((line) => !isRoot(line))).toEqual([]);
    return;
  }
  expect(verify('backup', facts, facts)).toHaveProperty('facts');
  comesBack(facts, before);
}

/** Restores into a new volume. */
function restore({ snapshotID = '', rootFolder }: BackupFacts, as?: As): Run {
  renew(as?.uid);
  return run(RESTORE_SCRIPT, [snapshotID, rootArgument(rootFolder)], as);
}

/** Expects that the verification agrees with what a restore has reported. */
function agrees(facts: BackupFacts, messages: Messages): void {
  expect(verify('restore', facts, restoredIn(messages) ?? {})).toHaveProperty('facts');
}

function returnsAsRoot(facts: BackupFacts, before: readonly string[]): void {
  const { lines, status } = restore(facts);
  const messages = readMessages(lines);
  expect([status, lossesOf(messages)]).toEqual([0, undefined]);
  expect(describeTree(at('data'), true)).toEqual(before);
  agrees(facts, messages);
}

const REFUSED_IN_POD = / (trusted|security)\.(?!capability)/;
const withoutAttributes = (line: string): string =>
  line.replaceAll(/ (user|trusted|security|system)\.[^\n]*?=0x[0-9a-f]*/g, '');

/** Files that bear attributes that a pod may not set may lose their other attributes, too, and the result counts them. */
function returnsInPod(facts: BackupFacts, expected: readonly string[]): void {
  const { lines, status } = restore(facts, { capabilities: RESTORER });
  const messages = readMessages(lines);
  const after = describeTree(at('data'), true);
  expect(after.map(withoutAttributes)).toEqual(expected.map(withoutAttributes));
  const refused = expected.filter((line) => REFUSED_IN_POD.test(line));
  expect(after.filter((line) => !expected.includes(line)).length).toBe(refused.length);
  agrees(facts, messages);
  if (refused.length === 0) {
    expect([status, lossesOf(messages)]).toEqual([0, undefined]);
    return;
  }
  expect([status, provesRestore(lines)]).toEqual([1, true]);
  expect(lossesOf(messages)).toContain(`extended attributes of ${String(refused.length)} (`);
}

/** Returns the attribute names of everything in the volume but its root. */
function namesOfAttributes(): string[] {
  const below = [...attributesBelow(at('data'))].filter(([path]) => path !== at('data'));
  return below.flatMap(([, attributes]) => attributes);
}

/** Returns true if a folder that its owner may not search contains hard links. restic cannot link to those as its owner. */
function hasClosedHardLinks(): boolean {
  const closed = `find '${at('data')}' -mindepth 1 -type d ! -perm -0100 -exec find {} -links +1 ! -type d \\;`;
  return execFileSync('sh', ['-c', closed], { encoding: 'latin1' }) !== '';
}

/** Owners and devices are lost, and the result reports it. */
function returnsAsUser(facts: BackupFacts, before: readonly string[], uid: number): void {
  const extraordinary = namesOfAttributes().filter((attribute) => !isOrdinary(attribute));
  const isClosed = hasClosedHardLinks();
  const { lines, status } = restore(facts, { uid });
  if (status !== 0 && !provesRestore(lines)) {
    expect(isClosed).toBe(true);
    expect(complaints(lines).map(({ quote }) => quote)).toContainEqual(
      expect.stringMatching(/link .*permission denied/s),
    );
    return;
  }
  const messages = readMessages(lines);
  const losses = lossesOf(messages) ?? '';
  const after = new Set(describeTree(at('data'), false));
  const isDevice = (line: string): boolean => / (259|1801)$/.test(line);
  const missing = before.filter((line) => !after.has(line) && !isRoot(line));
  expect(missing.filter((line) => !isDevice(line))).toEqual([]);
  const devices = /devices of ([0-9]+) /.exec(losses)?.[1];
  expect(missing.length).toBe(Number(devices ?? 0));
  if (missing.length === 0) agrees(facts, messages);
  if (extraordinary.length > 0) expect(losses).toContain('extended attributes');
}

/** Expects that a file that such a user may not read fails the backup; otherwise everything is saved. */
function savedByUser(uid: number): void {
  execFileSync('chown', ['-R', `${String(uid)}:${String(uid)}`, at('repository')]);
  const { lines, status } = run(BACKUP_SCRIPT, ['request=1'], { uid });
  if (status !== 0) {
    const { reason } = diagnose(complaints(lines), { exitCode: status ?? 1 }, place);
    expect(['UnreadableSource', 'PermissionDenied', 'MoverFailed']).toContain(reason);
    expect(canReadAll(uid)).toBe(false);
    return;
  }
  const facts = savedFacts(readMessages(lines));
  if (facts.empty === true || facts.notSaved?.includes('may not read') === true) return;
  expect(verify('backup', facts, facts)).toHaveProperty('facts');
}

function canReadAll(uid: number): boolean {
  const look = `find . -type d -exec ls {} + > /dev/null && find . -type f -exec cat {} + > /dev/null`;
  return execute(['-c', `cd '${at('data')}' && ${look}`], { uid }).status === 0;
}

/** Changes a volume as a mover without the capability FSETID does. */
function forgetGroupModes(): void {
  execFileSync('sh', ['-c', `find '${at('data')}' -mindepth 1 ! -type l -exec chmod g-s {} +`]);
}

const survey = () => readSurvey(reports(run(SURVEY_SCRIPT, []).lines));

const EMPTY_SNAPSHOT = 'Fatal: unable to save snapshot: snapshot is empty';

/** Expects that data named lost+found fails the backup until it is removed. */
function byVolSync(): void {
  const held = lostAndFound(at('data')).held;
  if (held.length > 0) {
    expect(survey()).toMatchObject({ state: 'Failed', reason: 'UnsupportedContent' });
    for (const path of held) fs.rmSync(path, { recursive: true });
  }
  const before = describeTree(at('data'), true);
  const { empty } = lostAndFound(at('data'));
  const sockets = countSockets();
  const found = survey();
  if (found.state !== 'Done') throw new Error(JSON.stringify(found));
  const told = [
    ...(sockets > 0 ? [`sockets: ${String(sockets)}`] : []),
    ...(empty > 0 ? [`empty folders called lost+found: ${String(empty)}`] : []),
    ...notSavedOfRoot(at('data')),
  ];
  expect(found.facts.notSaved).toBe(told.length > 0 ? told.join(', ') : undefined);
  const saved = volSync('backup');
  const isLeftOut = (line: string): boolean => /^[^\n]*?\/lost\+found 4[0-7]{4} /s.test(line);
  // VolSync does not skip a volume that only contains sockets, of which restic makes no snapshot.
  if (before.every((line) => isRoot(line) || isLeftOut(line)) && sockets > 0) {
    expect([saved.status, saved.lines]).toEqual([1, expect.arrayContaining([EMPTY_SNAPSHOT])]);
    return;
  }
  expect(saved.status).toBe(0);
  const { savedSnapshot: snapshotID, ...sizes } = readResticLog(saved.lines);
  if (snapshotID === undefined) {
    expect(sizes.sourceEmpty).toBe(true);
    return;
  }
  expect(verify('backup', { snapshotID }, sizes, true)).toHaveProperty('facts');
  renew();
  const restored = volSync('restore');
  expect([restored.status, readResticLog(restored.lines).restoredSnapshot]).toEqual([0, snapshotID]);
  forgetGroupModes();
  expect(namesOfAttributes().filter((attribute) => !attribute.startsWith('user.'))).toEqual([]);
  const again = [snapshotID, rootArgument(found.facts.rootFolder), '--overwrite=if-changed'];
  const { lines, status } = run(RESTORE_SCRIPT, again);
  expect([status, lossesOf(readMessages(lines))]).toEqual([0, undefined]);
  expect(describeTree(at('data'), true)).toEqual(before.filter((line) => !isLeftOut(line)));
  expect(verify('restore', { snapshotID }, readResticLog(restored.lines), true)).toHaveProperty('facts');
}

interface Way {
  way: string;
  attempt: (sockets: number) => void;
  /** Number of random trees. */
  trees: number;
  /** True if it runs with crowds, too. */
  crowds: boolean;
}

const ways: readonly Way[] = [
  {
    way: 'by the Restic mover, as root',
    attempt: (sockets) => byRestic(sockets, returnsAsRoot),
    trees: TREES,
    crowds: true,
  },
  {
    way: 'by the Restic mover, restored with the capabilities of its pod',
    attempt: (sockets) => byRestic(sockets, returnsInPod),
    trees: Math.ceil(TREES / 2),
    crowds: isLong,
  },
  {
    way: 'by the Restic mover, restored as an ordinary user',
    attempt: (sockets) => byRestic(sockets, (facts, before) => returnsAsUser(facts, before, 65534), false),
    trees: TREES,
    crowds: isLong,
  },
  {
    way: 'by the Restic mover, saved as an ordinary user',
    attempt: () => savedByUser(65532),
    trees: Math.ceil(TREES / 2),
    crowds: isLong,
  },
  { way: 'by VolSync', attempt: byVolSync, trees: Math.ceil(TREES / 2), crowds: true },
];
const crowds = CROWDS.flatMap((count) => ways.filter((one) => one.crowds).map((one) => ({ count, ...one })));

describe('any tree of files', () => {
  it.each(ways)(
    'comes back entry by entry, or the difference is in the result, $way',
    async ({ attempt, trees }) => {
      await fc.assert(
        fc.asyncProperty(tree, (planted) => withTree(planted, attempt)),
        { numRuns: trees, endOnFailure: true },
      );
    },
    60_000 + TREES * 60_000,
  );

  it.each(crowds)(
    'comes back with $count of each kind as with few, $way',
    async ({ count, attempt }) => {
      await withTree({ items: [], root: { mode: 0o755, uid: 0, attributes: {} } }, attempt, count);
    },
    isLong ? 1_800_000 : 600_000,
  );
});

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { pods, secrets } from '../../api/kubernetes/core.ts';
import { replicationDestinations, replicationSources } from '../../api/volsync/v1alpha1.ts';
import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import { childName } from '../../api/datamover/v1alpha1/names.ts';
import { ClientReason, KubeError } from '../../kube/client/kube-error.ts';
import type { MoverRun } from '../fakes/cluster/state.ts';
import { APP, BASE_URL, ControllerHarness } from '../fakes/cluster/controller-harness.ts';

/** The user replaces the password or keys while a transfer runs with a copy of the old ones. */

const NEW_PASSWORD = 'the new p4ssw0rd';

let harness: ControllerHarness;
let child: string;

beforeEach(async () => {
  harness = new ControllerHarness();
  await harness.addSource('data', 'precious');
});

afterEach(() => harness.stop());

const running: MoverRun = { end: 'running', lines: ['Starting container'] };
const failed = (line: string): MoverRun => ({ end: 'failed', exitCode: 3, lines: [line] });
const wrongPassword = failed('ERROR: failure connecting to repository, incorrect password');

/** Adds a repository that accepts only the new password. */
function addRepository(): ReturnType<ControllerHarness['addRepository']> {
  const records = harness.addRepository('older');
  harness.cluster.state.repositories.get(`${BASE_URL}/c1/app/data`)!.password = NEW_PASSWORD;
  return records;
}

/** Returns a function that counts the objects of a kind that were ever created. */
function count(kind: Kind<Resource>): () => number {
  let made = 0;
  harness.kube.reactors.add((changed, before) => {
    if (changed === kind && before === undefined) made++;
  });
  return () => made;
}

/** Starts a backup and returns when the mover runs; it runs until a test ends it. */
async function beginBackup(): Promise<void> {
  harness.cluster.state.script = () => running;
  await harness.start();
  child = childName('backup', harness.addBackup('b1').metadata.uid ?? '');
  await untilMoverRuns();
}

async function untilMoverRuns(): Promise<void> {
  await harness.until(() => harness.kube.peekAll(pods).some(({ status }) => status?.phase === 'Running'));
}

function endMover(run: MoverRun): void {
  harness.cluster.state.script = undefined;
  harness.cluster.endRun(child, run);
}

async function ended() {
  await harness.until(() => harness.backup()?.status?.completionTimestamp !== undefined);
  return harness.backup()!.status!;
}

describe('a password that is replaced while a backup runs', () => {
  it('is tried when the old one was refused, and nothing of the first try is left', async () => {
    addRepository();
    await harness.quiesce();
    const before = harness.inventory();
    const [sources, copies] = [count(replicationSources), count(secrets)];
    await beginBackup();
    harness.addSecret({ RESTIC_PASSWORD: NEW_PASSWORD });
    endMover(wrongPassword);
    expect(await ended()).toMatchObject({ phase: 'Completed', result: { repository: 'c1/app/data' } });
    expect(sources()).toBe(2);
    expect(copies()).toBe(2);
    expect(harness.inventory()).toEqual(before);
  });

  it('is not tried while the old one works', async () => {
    const [sources, copies] = [count(replicationSources), count(secrets)];
    await beginBackup();
    const copyOf = () => harness.kube.peek(secrets, { namespace: 'velero', name: child });
    const copy = copyOf();
    harness.addSecret({ RESTIC_PASSWORD: NEW_PASSWORD });
    await harness.advance(30_000);
    expect(copyOf()).toEqual(copy);
    endMover({ end: 'succeeded', lines: ['snapshot 0123abcd saved'] });
    expect(await ended()).toMatchObject({ phase: 'Completed' });
    expect(sources()).toBe(1);
    expect(copies()).toBe(1);
  });

  it('fails the backup with WrongPassword if it is wrong too', async () => {
    addRepository();
    const sources = count(replicationSources);
    await beginBackup();
    harness.addSecret({ RESTIC_PASSWORD: 'another wrong one' });
    endMover(wrongPassword);
    expect(await ended()).toMatchObject({ phase: 'Failed', failure: { reason: 'WrongPassword' } });
    expect(sources()).toBe(2);
  });

  it('is tried although the answer to what takes the first try back is lost', async () => {
    addRepository();
    const sources = count(replicationSources);
    await beginBackup();
    harness.addSecret({ RESTIC_PASSWORD: NEW_PASSWORD });
    harness.kube.after = ({ verb, kind }) => {
      if (verb !== 'delete' || kind !== replicationSources) return;
      harness.kube.restart();
      throw new KubeError({ code: 0, reason: ClientReason.timeout, message: 'no answer within 30 s' });
    };
    endMover(wrongPassword);
    expect(await ended()).toMatchObject({ phase: 'Completed' });
    expect(sources()).toBe(2);
  });

  it('has its own time to be tried, however long the first try took', async () => {
    addRepository();
    await beginBackup();
    await harness.advance(40 * 60_000, 60_000);
    harness.addSecret({ RESTIC_PASSWORD: NEW_PASSWORD });
    harness.cluster.hold('volsync');
    endMover(wrongPassword);
    await harness.advance(5_000);
    harness.cluster.release('volsync');
    await harness.advance(5_000);
    harness.cluster.hold('volsync');
    await harness.advance(10 * 60_000, 60_000);
    expect(harness.backup()?.status?.failure).toBeUndefined();
    harness.cluster.release('volsync');
    expect(await ended()).toMatchObject({ phase: 'Completed' });
  });

  it('is tried after a restart, even if the secret of the first try was deleted', async () => {
    addRepository();
    const sources = count(replicationSources);
    await beginBackup();
    await harness.stop();
    harness.addSecret({ RESTIC_PASSWORD: NEW_PASSWORD });
    harness.kube.remove(secrets, { namespace: 'velero', name: child });
    endMover(wrongPassword);
    await harness.quiesce();
    await harness.start();
    expect(await ended()).toMatchObject({ phase: 'Completed' });
    expect(sources()).toBe(2);
  });
});

describe('a backup that fails ends there when', () => {
  it.each<[string, () => void, MoverRun, string]>([
    ['nothing was replaced', () => undefined, wrongPassword, 'WrongPassword'],
    [
      'what was replaced has nothing to do with it',
      () => harness.addSecret({ AWS_SECRET_ACCESS_KEY: 'new' }),
      failed('write: no space left on device'),
      'NoSpace',
    ],
    [
      'what was replaced is of no use',
      () => harness.addSecret({ RESTIC_PASSWORD: '' }),
      wrongPassword,
      'WrongPassword',
    ],
    [
      'there is nothing any more',
      () => harness.kube.remove(secrets, { namespace: 'velero', name: 'restic-config' }),
      wrongPassword,
      'WrongPassword',
    ],
  ])('%s', async (_, replace, run, reason) => {
    const sources = count(replicationSources);
    await beginBackup();
    replace();
    endMover(run);
    expect(await ended()).toMatchObject({ phase: 'Failed', failure: { reason } });
    expect(sources()).toBe(1);
  });
});

it('keys that are replaced while a restore runs are tried when the old ones were refused', async () => {
  const [source] = harness.addRepository('precious');
  harness.addDestination();
  const destinations = count(replicationDestinations);
  harness.cluster.state.script = () => running;
  await harness.start();
  const { uid = '' } = harness.addRestore('r1', (restore) =>
    Object.assign(restore.spec, { source }),
  ).metadata;
  child = childName('restore', uid);
  await untilMoverRuns();
  harness.addSecret({ AWS_SECRET_ACCESS_KEY: 'new' });
  endMover(failed('Fatal: unable to open repository: client.ListObjects: Access Denied.'));
  await harness.until(() => harness.restore()?.status?.completionTimestamp !== undefined);
  expect(harness.restore()?.status).toMatchObject({ phase: 'Completed' });
  expect(harness.read({ namespace: APP, name: 'restored' })).toBe('precious');
  expect(destinations()).toBe(2);
});

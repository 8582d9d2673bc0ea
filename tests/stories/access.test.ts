import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { secrets } from '../../api/kubernetes/core.ts';
import { LEFT_BEHIND } from '../fakes/cluster/left-behind.ts';
import { ControllerHarness } from '../fakes/cluster/controller-harness.ts';

/** An unusable secret is reported before anything is created for the request, including the snapshot. */

let harness: ControllerHarness;
let made: string[];

beforeEach(async () => {
  harness = new ControllerHarness();
  await harness.addSource('data', 'precious');
});

afterEach(() => harness.stop());

async function start(): Promise<void> {
  await harness.start();
  made = [];
  harness.kube.reactors.add((kind, before, after) => {
    if (before === undefined && LEFT_BEHIND.includes(kind)) made.push(after?.metadata.name ?? '');
  });
}

const loseSecret = (): void => harness.kube.remove(secrets, { namespace: 'velero', name: 'restic-config' });

const broken: [string, () => void, string][] = [
  ['is missing', loseSecret, 'SecretNotFound'],
  ['lacks a password', () => harness.addSecret({ RESTIC_PASSWORD: '' }), 'SecretInvalid'],
  ['lacks a key of its provider', () => harness.addSecret({ AWS_SECRET_ACCESS_KEY: '' }), 'SecretInvalid'],
  [
    'names no repository where there is no location either',
    () => harness.addSecret({ RESTIC_REPOSITORY: '' }),
    'StorageLocationNotFound',
  ],
];

describe('nothing is created if the secret', () => {
  it.each(broken)('%s: for a backup', async (_, lose, reason) => {
    lose();
    await start();
    harness.addBackup('b1');
    await harness.until(() => harness.backup()?.status?.completionTimestamp !== undefined, 5_000);
    expect(harness.backup()?.status).toMatchObject({ phase: 'Failed', failure: { reason } });
    expect(made).toEqual([]);
  });

  it.each(broken)('%s: for a restore', async (_, lose, reason) => {
    const [source] = harness.addRepository('precious');
    harness.addDestination();
    lose();
    await start();
    harness.addRestore('r1', (restore) => Object.assign(restore.spec, { source }));
    await harness.until(() => harness.restore()?.status?.completionTimestamp !== undefined, 5_000);
    expect(harness.restore()?.status).toMatchObject({ phase: 'Failed', failure: { reason } });
    expect(made).toEqual([]);
  });
});

it('a secret that is lost once the snapshot is cut fails the backup, and nothing is left', async () => {
  const before = harness.inventory();
  harness.cluster.hold('provision');
  await start();
  harness.addBackup('b1');
  await harness.until(() => harness.backup()?.status?.phase === 'Staging');
  loseSecret();
  harness.cluster.release('provision');
  await harness.until(() => harness.backup()?.status?.completionTimestamp !== undefined);
  expect(harness.backup()?.status?.failure).toMatchObject({ reason: 'SecretNotFound' });
  expect(harness.inventory()).toEqual(before.filter((line) => line !== 'Secret velero/restic-config'));
});

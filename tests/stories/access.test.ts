import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { secrets } from '../../api/kubernetes/core.ts';
import { LEFT_BEHIND } from '../fakes/cluster/left-behind.ts';
import { World } from '../fakes/cluster/world.ts';

/** An unusable secret is reported before anything is created for the request, including the snapshot. */

let world: World;
let made: string[];

beforeEach(async () => {
  world = new World();
  await world.addSource('data', 'precious');
});

afterEach(() => world.stop());

async function start(): Promise<void> {
  await world.start();
  made = [];
  world.kube.reactors.add((kind, before, after) => {
    if (before === undefined && LEFT_BEHIND.includes(kind)) made.push(after?.metadata.name ?? '');
  });
}

const loseSecret = (): void => world.kube.remove(secrets, { namespace: 'velero', name: 'restic-config' });

const broken: [string, () => void, string][] = [
  ['is missing', loseSecret, 'SecretNotFound'],
  ['lacks a password', () => world.addSecret({ RESTIC_PASSWORD: '' }), 'SecretInvalid'],
  ['lacks a key of its provider', () => world.addSecret({ AWS_SECRET_ACCESS_KEY: '' }), 'SecretInvalid'],
  [
    'names no repository where there is no location either',
    () => world.addSecret({ RESTIC_REPOSITORY: '' }),
    'StorageLocationNotFound',
  ],
];

describe('nothing is made when the secret', () => {
  it.each(broken)('%s: for a backup', async (_, lose, reason) => {
    lose();
    await start();
    world.addBackup('b1');
    await world.until(() => world.backup()?.status?.completionTimestamp !== undefined, 5_000);
    expect(world.backup()?.status).toMatchObject({ phase: 'Failed', failure: { reason } });
    expect(made).toEqual([]);
  });

  it.each(broken)('%s: for a restore', async (_, lose, reason) => {
    const [source] = world.addRepository('precious');
    world.addDestination();
    lose();
    await start();
    world.addRestore('r1', (restore) => Object.assign(restore.spec, { source }));
    await world.until(() => world.restore()?.status?.completionTimestamp !== undefined, 5_000);
    expect(world.restore()?.status).toMatchObject({ phase: 'Failed', failure: { reason } });
    expect(made).toEqual([]);
  });
});

it('a secret that is lost once the snapshot is cut fails the backup, and nothing is left', async () => {
  const before = world.inventory();
  world.cluster.hold('provision');
  await start();
  world.addBackup('b1');
  await world.until(() => world.backup()?.status?.phase === 'Staging');
  loseSecret();
  world.cluster.release('provision');
  await world.until(() => world.backup()?.status?.completionTimestamp !== undefined);
  expect(world.backup()?.status?.failure).toMatchObject({ reason: 'SecretNotFound' });
  expect(world.inventory()).toEqual(before.filter((line) => line !== 'Secret velero/restic-config'));
});

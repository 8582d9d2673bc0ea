import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { DataMoverRestore } from '../../api/datamover/v1alpha1/data-mover-restore.ts';
import { APP } from '../fakes/cluster/controller-harness.ts';
import { RestoreStory } from './support/restore-story.ts';
import { addVelero, asOfVelero, type Velero } from './support/velero-restore.ts';

let harness: RestoreStory;

beforeEach(() => {
  harness = new RestoreStory();
});

afterEach(() => harness.stop());

describe("another namespace's repository", () => {
  beforeEach(() => {
    harness.addDestination();
    harness.source.result!.repository = 'c1/shop/data';
    const { repositories } = harness.cluster.state;
    for (const [url, repository] of [...repositories])
      repositories.set(url.replace('/app/', '/shop/'), repository);
  });

  it.each<[string, ((restore: DataMoverRestore) => void) | undefined, Velero | undefined]>([
    ['no Velero Restore', undefined, undefined],
    ['no Velero Restore but its mark', asOfVelero, undefined],
    ['a Velero Restore outside the protected namespace', asOfVelero, { namespace: APP }],
    ['a Velero Restore without a mapping', asOfVelero, { restore: { namespaceMapping: {} } }],
    [
      'a Velero Restore with another mapping',
      asOfVelero,
      { restore: { namespaceMapping: { shop: 'elsewhere' } } },
    ],
    ['a Velero Restore that is over', asOfVelero, { phase: 'Completed' }],
    [
      'a Velero Restore of other namespaces',
      asOfVelero,
      { restore: { includedNamespaces: ['s', 'shop-2'] } },
    ],
    ['a Velero Restore that leaves it out', asOfVelero, { restore: { excludedNamespaces: ['sho?'] } }],
    ['a Velero Restore of a backup of others', asOfVelero, { backup: { includedNamespaces: ['other'] } }],
    ['a Velero Restore of no backup', asOfVelero, { restore: { backupName: 'none' } }],
    [
      'a Velero Restore that did not make it',
      (restore) => {
        asOfVelero(restore);
        restore.metadata.name = 'mine';
      },
      {},
    ],
    [
      'the mark of another Velero Restore',
      (restore) => {
        asOfVelero(restore);
        restore.metadata.labels = { 'velero.io/restore-uid': 'another' };
      },
      {},
    ],
  ])('is refused with %s', async (_, change, velero) => {
    if (velero !== undefined) addVelero(harness, velero);
    await harness.begin(change);
    const { reason, message } = await harness.fails();
    expect(reason).toBe('Forbidden');
    expect(message).toContain('shop');
    expect(harness.cluster.state.started).toEqual([]);
  });

  it.each<[string, Velero]>([
    ['maps it here', {}],
    [
      'names it, as its backup does',
      { restore: { includedNamespaces: ['sh*'] }, backup: { includedNamespaces: ['shop'] } },
    ],
    [
      'takes all, and waits for us',
      { restore: { includedNamespaces: ['*'] }, phase: 'WaitingForPluginOperations' },
    ],
  ])('is read with a Velero Restore that %s', async (_, velero) => {
    addVelero(harness, velero);
    await harness.begin(asOfVelero);
    expect(await harness.end()).toMatchObject({ phase: 'Completed', repositoryPath: 'c1/shop/data' });
    harness.expectArrived('precious');
  });

  it.each([
    ['of a namespace of this name in another cluster', 'c2/app/data'],
    ["that lies in another namespace's", 'c1/shop/data/data/c1/app/data'],
    ['below a folder that the class does not name', 'team-a/c1/app/data'],
  ])('%s is refused without a Velero Restore', async (_, repository) => {
    harness.source.result!.repository = repository;
    await harness.begin();
    expect((await harness.fails()).reason).toBe('Forbidden');
  });

  it.each(['c1/app/..%2Fshop%2Fdata', 'c1/shop/data#/c1/app/data', 'c1/shop/data?/c1/app/data'])(
    'is not accessible through URL syntax in the path %s',
    async (repository) => {
      harness.source.result!.repository = repository;
      harness.cluster.hasOldSchemas = true;
      await harness.begin();
      expect((await harness.fails()).reason).toBe('InvalidRequest');
      expect(harness.cluster.state.started).toEqual([]);
    },
  );
});

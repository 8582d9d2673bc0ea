import { describe, expect, it } from '@jest/globals';
import type { PersistentVolumeClaim, Pod } from '../../api/kubernetes/core.ts';
import type { Backup } from '../../api/velero/v1.ts';
import { hasHooks, isSelected, podsInBackup, siblingsOf, withFilters } from './selection.ts';
import { aBackup, aClaim, aPod } from '../../tests/fakes/velero-objects.ts';

const hook = { 'pre.hook.backup.velero.io/command': '["/freeze"]' };
const app = { labels: { app: 'shop' } };
const onlyShop = { labelSelector: { matchLabels: { app: 'shop' } } };

function siblings(backup: Backup, pods: Pod[], claims: PersistentVolumeClaim[]): string[] {
  return siblingsOf(backup, aClaim('a'), { pods, claims: [aClaim('a'), ...claims] }).map(
    ({ metadata }) => metadata.name,
  );
}

describe('siblings of a claim', () => {
  it('are all claims of the namespace if there are no hooks', () => {
    expect(siblings(aBackup(), [aPod('p', ['b'])], [aClaim('b'), aClaim('c')])).toEqual(['b', 'c']);
  });

  it.each([
    ['a hook in the backup', aBackup({ hooks: { resources: [{}] } }), {}],
    ['a pre-hook at any pod', aBackup(), { annotations: hook }],
    ['a post-hook at any pod', aBackup(), { annotations: { 'post.hook.backup.velero.io/timeout': '5m' } }],
  ])('are only the claims of its own pods with %s', (_, backup, meta) => {
    const pods = [aPod('mine', ['a', 'b']), aPod('theirs', ['c'], meta)];
    expect(siblings(backup, pods, [aClaim('b'), aClaim('c')])).toEqual(['b']);
  });

  it('are those that the backup selects, or that a selected pod brings along', () => {
    const pods = [aPod('selected', ['c'], app), aPod('other', ['d'])];
    const claims = [aClaim('b', app), aClaim('c'), aClaim('d')];
    expect(siblings(aBackup(onlyShop), pods, claims)).toEqual(['b', 'c']);
  });

  it('exclude a claim that opts out, even if it belongs to the same pod', () => {
    const excluded = aClaim('b', { labels: { 'velero.io/exclude-from-backup': 'true' } });
    expect(siblings(aBackup(), [aPod('p', ['a', 'b'])], [excluded, aClaim('c')])).toEqual(['c']);
  });

  it.each([{ excludedResources: ['po*'] }, { includedResources: ['p*'] }])(
    'are none when the backup names kinds by a pattern: %j',
    (spec) => {
      expect(siblings(aBackup(spec), [aPod('p', ['a', 'b'])], [aClaim('b'), aClaim('c')])).toEqual([]);
    },
  );

  it.each([
    ['the backup leaves pods out', aBackup({ ...onlyShop, excludedResources: ['pods'] }), app],
    [
      'the backup is of other kinds',
      aBackup({ ...onlyShop, includedResources: ['persistentvolumeclaims'] }),
      app,
    ],
    [
      'the pod opts out',
      aBackup(onlyShop),
      { labels: { app: 'shop', 'velero.io/exclude-from-backup': 'true' } },
    ],
  ])('are not brought along by pods when %s', (_, backup, meta) => {
    expect(siblings(backup, [aPod('p', ['c'], meta)], [aClaim('b', app), aClaim('c')])).toEqual(['b']);
  });

  it('are not brought along by pods that are done', () => {
    const done: Pod = { ...aPod('job', ['a', 'c'], app), status: { phase: 'Succeeded' } };
    expect(siblings(aBackup(onlyShop), [done], [aClaim('c')])).toEqual([]);
  });

  it('exclude claims that are being deleted, and the claim itself', () => {
    const leaving = aClaim('b');
    leaving.metadata.deletionTimestamp = '2026-01-01T00:00:00Z';
    expect(siblings(aBackup(), [], [leaving])).toEqual([]);
  });
});

it.each([
  ['no selector takes all', {}, true],
  ['a matching selector', onlyShop, true],
  ['another selector', { labelSelector: { matchLabels: { app: 'bank' } } }, false],
  [
    'one of several',
    { orLabelSelectors: [{ matchLabels: { app: 'bank' } }, { matchLabels: { app: 'shop' } }] },
    true,
  ],
  ['none of several', { orLabelSelectors: [{ matchLabels: { app: 'bank' } }] }, false],
])('%s', (_, spec, selected) => {
  expect(isSelected(aBackup(spec), { name: 'x', ...app })).toBe(selected);
});

it('hasHooks returns false if the list of hooks is empty', () => {
  expect(hasHooks(aBackup({ hooks: { resources: [] } }), [aPod('p', [])])).toBe(false);
});

it.each([
  ['takes pods', {}, { included: [], excluded: [] }, true],
  ['leaves them out', {}, { included: [], excluded: ['pods'] }, false],
  ['takes other kinds only', {}, { included: ['persistentvolumeclaims'], excluded: [] }, false],
  [
    'leaves them out against its own spec',
    { includedNamespaceScopedResources: ['pods'] },
    { included: [], excluded: ['pods'] },
    true,
  ],
])('a backup with policies by which it %s', (_, spec, filters, taken) => {
  const backup = withFilters(aBackup(spec as Backup['spec']), filters);
  expect(podsInBackup(backup, [aPod('p', [])])).toHaveLength(taken ? 1 : 0);
});

import { expect, it } from '@jest/globals';
import type { DataMoverBackup } from '../../../api/datamover/v1alpha1/data-mover-backup.ts';
import type { ChangeHandler } from '../../../kube/cache/shared-informer.ts';
import { createStore } from '../../../kube/cache/store.ts';
import { backupIn } from '../../../tests/load/load.ts';
import { createRecords } from './records.ts';

it('the newest record of a claim is known as its backups come, change and go', () => {
  const store = createStore<DataMoverBackup>();
  const handlers: ChangeHandler<DataMoverBackup>[] = [];
  // Records follow from changes only; the number of backups of the claim has no effect.
  const records = createRecords({
    onChange(handler) {
      handlers.push(handler);
      return () => undefined;
    },
  });
  const claim = { namespace: 'app', name: 'data' };
  const newest = (): string | undefined => records.newestOf(claim)?.metadata.name;

  function put(
    index: number,
    time: string,
    change: (backup: DataMoverBackup) => void = () => undefined,
  ): void {
    const backup = backupIn('Completed', index);
    backup.status!.volume!.pvcName = claim.name;
    backup.status!.capture!.time = time;
    change(backup);
    const { before, after } = store.set(backup);
    for (const handler of handlers) handler(before, after);
  }
  function remove(name: string): void {
    const { before } = store.remove(`app/${name}`);
    for (const handler of handlers) handler(before, undefined);
  }

  expect(newest()).toBeUndefined();
  put(2, '2026-01-02T00:00:00Z');
  put(1, '2026-01-01T00:00:00Z');
  expect(newest()).toBe('load-00002');
  // The same time in another zone: the greater name breaks the tie.
  put(3, '2026-01-02T01:00:00+01:00');
  expect(newest()).toBe('load-00003');
  put(4, '2026-01-03T00:00:00Z', ({ status }) => void (status!.phase = 'Failed'));
  put(5, '2026-01-03T00:00:00Z', ({ status }) => void (status!.volume!.namespace = 'other'));
  put(6, '2026-01-03T00:00:00Z', ({ status }) => void (status!.volume!.pvcName = 'another'));
  expect(newest()).toBe('load-00003');
  put(
    3,
    '2026-01-02T00:00:00Z',
    ({ metadata }) => void (metadata.deletionTimestamp = '2026-01-04T00:00:00Z'),
  );
  expect(newest()).toBe('load-00002');
  remove('load-00002');
  expect(newest()).toBe('load-00001');
  remove('load-00001');
  expect(newest()).toBeUndefined();
});

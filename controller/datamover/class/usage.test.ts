import { expect, it } from '@jest/globals';
import type { DataMoverBackup } from '../../../api/datamover/v1alpha1/data-mover-backup.ts';
import { dataMoverBackups } from '../../../api/datamover/v1alpha1/kinds.ts';
import { createInformerSet } from '../../../kube/cache/informer-set.ts';
import { createFakeClock } from '../../../tests/fakes/fake-clock.ts';
import { FakeKube } from '../../../tests/fakes/fake-kube.ts';
import { backupIn } from '../../../tests/load/load.ts';
import { createInformers } from '../informers.ts';
import { REQUEST_KINDS } from '../kinds.ts';
import { createUsage } from './usage.ts';

it('who uses a class is known as requests get it, end and are removed', async () => {
  const clock = createFakeClock();
  const kube = new FakeKube({ clock });
  const put = (backup: DataMoverBackup): void => void kube.seed(dataMoverBackups, backup);
  for (let index = 0; index < 12; index++) put(backupIn('Queued', index));
  put(backupIn('Completed', 12));
  const informers = createInformerSet({ client: kube.client(), clock });
  const usage = createUsage(createInformers(informers, 'velero', REQUEST_KINDS), REQUEST_KINDS);
  const stop = new AbortController();
  const mirroring = informers.run(stop.signal);
  await clock.advance(100);
  const nameOf = (index: number): string => `DataMoverBackup app/${backupIn('Queued', index).metadata.name}`;
  const names = (from: number): string[] => Array.from({ length: 10 }, (_, index) => nameOf(from + index));

  expect(usage.of('load')).toEqual({ requests: 12, names: names(0) });
  put(backupIn('Completed', 0));
  await clock.advance(100);
  expect(usage.of('load')).toEqual({ requests: 11, names: names(1) });
  kube.remove(dataMoverBackups, { namespace: 'app', name: backupIn('Queued', 1).metadata.name });
  await clock.advance(100);
  expect(usage.of('load')).toEqual({ requests: 10, names: names(2) });
  for (let index = 2; index < 12; index++) put(backupIn('Completed', index));
  await clock.advance(100);
  expect(usage.of('load')).toBeUndefined();
  stop.abort();
  await mirroring;
});

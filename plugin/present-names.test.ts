import { describe, expect, it } from '@jest/globals';
import { FakeKube } from '../tests/fakes/fake-kube.ts';
import { createFakeClock } from '../tests/fakes/fake-clock.ts';
import { aRecord } from '../tests/fakes/velero-objects.ts';
import { keyOf } from '../api/kubernetes/meta.ts';
import type { DataMoverBackup } from '../api/datamover/v1alpha1/data-mover-backup.ts';
import { dataMoverBackups } from '../api/datamover/v1alpha1/kinds.ts';
import { withPresentNames } from './present-names.ts';
import { collect } from './collect.ts';

/** A request with the former kind of its source and the former name of its orphaned snapshots. */
function aFormerRequest(): DataMoverBackup {
  const { apiVersion, kind, metadata } = aRecord();
  const spec = { dataSourceRef: { kind: 'PVC', name: 'data' } };
  return { apiVersion, kind, metadata, spec, status: { strays: ['0123abcd'] } } as unknown as DataMoverBackup;
}

const PRESENT = {
  spec: { dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'data' } },
  status: { orphanedSnapshots: ['0123abcd'] },
};

describe('a client with present names', () => {
  const kube = new FakeKube({ clock: createFakeClock() });
  const client = withPresentNames(kube.client('plugin'));
  const written = aFormerRequest();
  kube.seed(dataMoverBackups, written);

  it('returns them for every way to read', async () => {
    expect(await client.get(dataMoverBackups, keyOf(written))).toMatchObject(PRESENT);
    expect(await collect(client.list(dataMoverBackups))).toMatchObject([PRESENT]);
    const { items, resourceVersion } = await client.listPage(dataMoverBackups);
    expect(items).toMatchObject([PRESENT]);
    const watch = client.watch(dataMoverBackups, {
      resourceVersion,
      timeoutSeconds: 60,
      idleTimeoutMs: 60_000,
    });
    kube.edit(dataMoverBackups, keyOf(written), ({ metadata }) => (metadata.labels = { changed: 'true' }));
    const events = watch[Symbol.asyncIterator]();
    expect(await events.next()).toMatchObject({ value: { object: PRESENT } });
    await events.return?.();
  });

  it('does not change what is stored', async () => {
    const answer = await client.mergePatch(dataMoverBackups, keyOf(written), {
      metadata: { annotations: { key: 'value' } },
    });
    expect(answer).toMatchObject(PRESENT);
    expect(kube.peek(dataMoverBackups, keyOf(written))).toMatchObject({
      spec: { dataSourceRef: { kind: 'PVC' } },
      status: { strays: ['0123abcd'] },
    });
  });
});

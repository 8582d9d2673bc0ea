import { createFakeClock } from './fake-clock.ts';
import { FakeKube } from './fake-kube.ts';
import { configMaps, type ConfigMap, type PersistentVolumeClaim } from '../../api/kubernetes/core.ts';
import type { Resource } from '../../api/kubernetes/meta.ts';
import { annotations, pluginConfig } from '../../api/datamover/v1alpha1/keys.ts';
import { restoreName } from '../../api/datamover/v1alpha1/names.ts';
import { createClusterReader } from '../../plugin/cluster-reader.ts';
import { aRestore, recordingLog } from './velero-objects.ts';
import { createRecordAction } from '../../plugin/restore/record-action.ts';
import { createRestoreAction } from '../../plugin/restore/action.ts';

export const MOVED = { annotations: { [annotations.movedBy]: 'app/dmb-1' } };
export const TIME = '2026-01-01T00:00:00Z';
export const dmr = restoreName('restore-uid', 'app', 'data');

/** The switch of a protected namespace. */
export function turnedOn(namespace: string, enable = 'true'): ConfigMap {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'on', namespace, labels: { [pluginConfig.label]: '', [pluginConfig.name]: '' } },
    data: { enable },
  };
}

export function setUp(enable = 'true') {
  const clock = createFakeClock();
  const kube = new FakeKube({ clock });
  kube.seed<ConfigMap>(configMaps, turnedOn('velero', enable));
  let listed = 0;
  const client = kube.client('plugin');
  const counting: typeof client = {
    ...client,
    async *list(...args) {
      for await (const object of client.list(...args)) {
        listed++;
        yield object;
      }
    },
  };
  const cluster = createClusterReader({ clock, connect: () => Promise.resolve(counting) });
  const recordAction = createRecordAction(cluster);
  const { log, lines } = recordingLog();
  const context = { log, signal: new AbortController().signal };
  const bytes = (object: Resource) => Buffer.from(JSON.stringify(object));
  const run =
    (action: ReturnType<typeof createRestoreAction>) =>
    (item: Resource, restore = aRestore(), fromBackup = item) =>
      action.execute({ item: bytes(item), itemFromBackup: bytes(fromBackup), restore }, context);
  return {
    kube,
    clock,
    lines,
    /** The number of objects that all lists have returned. */
    listed: () => listed,
    restore: run(createRestoreAction(cluster)),
    record: run(recordAction),
    /** What Velero passes to the action of records. */
    resources: recordAction.resources,
  };
}

export const parsed = (item: Buffer | undefined) => JSON.parse(String(item)) as PersistentVolumeClaim;

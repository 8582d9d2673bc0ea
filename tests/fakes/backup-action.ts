import { createFakeClock } from './fake-clock.ts';
import { FakeKube } from './fake-kube.ts';
import { configMaps, type ConfigMap } from '../../api/kubernetes/core.ts';
import type { Resource } from '../../api/kubernetes/meta.ts';
import type {
  DataMoverBackup,
  DataMoverBackupStatus,
} from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import { pluginConfig } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverBackups, dataMoverClasses } from '../../api/datamover/v1alpha1/kinds.ts';
import { backupName } from '../../api/datamover/v1alpha1/names.ts';
import { createClusterReader } from '../../plugin/cluster-reader.ts';
import { createBackupAction } from '../../plugin/backup/action.ts';
import { aBackup, aClass, recordingLog } from './velero-objects.ts';

export const capture = { consistency: 'PointInTime', time: '2026-01-01T00:00:00Z' } as const;
export const nameOf = (claim: string) => backupName('backup-uid', `uid-${claim}`);

/** A cluster with the mover enabled and one class; `status` is the status of every new request. */
export function setUp(
  options: { csiEnabled?: boolean; enable?: string; status?: DataMoverBackupStatus } = {},
) {
  const clock = createFakeClock();
  const status = options.status ?? { phase: 'Queued', capture };
  const kube = new FakeKube({
    clock,
    admit: (kind, object, before) =>
      kind.plural === dataMoverBackups.plural && before === undefined
        ? ({ ...object, status } as Resource)
        : object,
  });
  const { log, lines } = recordingLog();
  const { signal } = new AbortController();
  kube.seed<ConfigMap>(configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: 'on',
      namespace: 'velero',
      labels: { [pluginConfig.label]: '', [pluginConfig.name]: '' },
    },
    data: { enable: options.enable ?? 'true' },
  });
  kube.seed(dataMoverClasses, aClass('standard', { default: true }));
  /** A plugin process: Velero has one for the items of a backup, and another for its end. */
  const startProcess = () => {
    const cluster = createClusterReader({ clock, connect: () => Promise.resolve(kube.client('plugin')) });
    const action = createBackupAction({ cluster, csiEnabled: options.csiEnabled ?? false });
    const execute = (object: Resource, backup = aBackup()) =>
      action.execute({ item: Buffer.from(JSON.stringify(object)), backup }, { log, signal });
    return { action, execute };
  };
  const turn = async (enable: 'true' | 'false') => {
    await kube
      .client('user')
      .mergePatch(configMaps, { namespace: 'velero', name: 'on' }, { data: { enable } });
  };
  const requested = () =>
    kube.peekAll(dataMoverBackups).map(({ spec }: DataMoverBackup) => spec.dataSourceRef.name);
  return { kube, clock, lines, ...startProcess(), startProcess, turn, requested };
}

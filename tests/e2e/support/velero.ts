import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { backups, restores, type Backup, type Restore } from '../../../api/velero/v1.ts';
import type { Kind, Resource } from '../../../api/kubernetes/meta.ts';
import type { DataMoverBackup } from '../../../api/datamover/v1alpha1/data-mover-backup.ts';
import type { DataMoverRestore } from '../../../api/datamover/v1alpha1/data-mover-restore.ts';
import { labels } from '../../../api/datamover/v1alpha1/keys.ts';
import { dataMoverBackups, dataMoverRestores } from '../../../api/datamover/v1alpha1/kinds.ts';
import { labelValue } from '../../../api/kubernetes/names.ts';
import type { TestCluster } from './cluster.ts';
import { readTar } from './tar.ts';
import { until } from './wait.ts';

const FINAL = ['Completed', 'PartiallyFailed', 'Failed', 'FailedValidation'];
const TIMEOUT_MS = 300_000;

/** Starts a backup of namespaces, as a user does; more options of `velero backup create` may follow. */
export async function startBackup(
  { cluster }: TestCluster,
  name: string,
  namespaces: readonly string[],
  ...options: string[]
): Promise<void> {
  await cluster.velero(['backup', 'create', name, '--include-namespaces', namespaces.join(','), ...options]);
}

/** Waits for the backup's final phase and returns it. */
export async function backupEnd(test: TestCluster, name: string): Promise<string> {
  return endOf(test, backups, name);
}

/** Starts a backup and waits until it is complete. */
export async function backUp(test: TestCluster, name: string, ...namespaces: string[]): Promise<void> {
  await startBackup(test, name, namespaces);
  await untilBackedUp(test, name);
}

export async function untilBackedUp(test: TestCluster, name: string): Promise<void> {
  const phase = await backupEnd(test, name);
  if (phase !== 'Completed') throw new Error(await reportOf(test, 'backup', name, phase));
}

export async function startRestore(
  { cluster }: TestCluster,
  name: string,
  backup: string,
  ...options: string[]
): Promise<void> {
  await cluster.velero(['restore', 'create', name, '--from-backup', backup, ...options]);
}

/** Waits for the restore's final phase and returns it. */
export async function restoreEnd(test: TestCluster, name: string): Promise<string> {
  return endOf(test, restores, name);
}

/** Restores a backup under a name, and waits until it is complete. */
export async function restore(
  test: TestCluster,
  { name, from, options = [] }: { name: string; from: string; options?: string[] },
): Promise<void> {
  await startRestore(test, name, from, ...options);
  const phase = await restoreEnd(test, name);
  if (phase !== 'Completed') throw new Error(await reportOf(test, 'restore', name, phase));
}

export async function describeBackup({ cluster }: TestCluster, name: string): Promise<string> {
  return cluster.velero(['backup', 'describe', name, '--details']);
}

export async function describeRestore({ cluster }: TestCluster, name: string): Promise<string> {
  return cluster.velero(['restore', 'describe', name, '--details']);
}

/** A line of the log of a backup or restore, with the fields of its logger. */
export interface LogLine {
  level: string;
  /** The message, and the error that it is about. */
  text: string;
  namespace?: string;
  name?: string;
  resource?: string;
  [field: string]: unknown;
}

/** Returns the output of `velero backup logs` or `velero restore logs`. */
export async function logOf(
  { cluster }: TestCluster,
  kind: 'backup' | 'restore',
  name: string,
): Promise<LogLine[]> {
  const lines = (await cluster.velero([kind, 'logs', name])).split('\n');
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const { msg = '', error = '', ...fields } = fieldsOf(line);
      return { ...fields, text: `${msg} ${error}`.trim() } as LogLine;
    });
}

/** Parses `key=word other="words, with \"quotes\""`, the default format of Velero's logger. */
function fieldsOf(line: string): Record<string, string> {
  const pairs = line.matchAll(/([^\s=]+)=("(?:[^"\\]|\\.)*"|\S*)/g);
  return Object.fromEntries(
    [...pairs].map(([, key = '', value = '']) => [
      key,
      value.startsWith('"') ? (JSON.parse(value) as string) : value,
    ]),
  );
}

/** Returns the objects of a backup, by `<plural.group>/<namespace>/<name>`; cluster-scoped ones without namespace. */
export async function storedObjects(
  { cluster }: TestCluster,
  name: string,
): Promise<ReadonlyMap<string, Resource>> {
  const folder = await mkdtemp(join(tmpdir(), 'e2e-'));
  try {
    const file = join(folder, 'backup.tar.gz');
    await cluster.velero(['backup', 'download', name, '--output', file]);
    const objects = new Map<string, Resource>();
    for (const { path, content } of readTar(gunzipSync(await readFile(file)))) {
      const match = /^resources\/([^/]+)\/(?:namespaces|cluster)\/(.+)\.json$/.exec(path);
      if (match) objects.set(`${match[1]!}/${match[2]!}`, JSON.parse(content.toString('utf8')) as Resource);
    }
    return objects;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Returns the DataMoverBackups of a Velero backup, by the name of their PVC. */
export async function movedBackups({ kube }: TestCluster, backup: string): Promise<DataMoverBackup[]> {
  const found: DataMoverBackup[] = [];
  const labelSelector = `${labels.veleroBackupName}=${labelValue(backup)}`;
  for await (const one of kube.list(dataMoverBackups, { labelSelector })) found.push(one);
  return found;
}

/** Returns the DataMoverRestores of a Velero restore. */
export async function movedRestores({ kube }: TestCluster, name: string): Promise<DataMoverRestore[]> {
  const found: DataMoverRestore[] = [];
  const labelSelector = `${labels.veleroRestoreName}=${labelValue(name)}`;
  for await (const one of kube.list(dataMoverRestores, { labelSelector })) found.push(one);
  return found;
}

async function endOf<T extends Backup | Restore>(
  { kube, namespace }: TestCluster,
  kind: Kind<T>,
  name: string,
): Promise<string> {
  const ended = await until(
    kube,
    kind,
    { namespace, name },
    { to: 'to end', timeoutMs: TIMEOUT_MS, when: ({ status }) => FINAL.includes(status?.phase ?? '') },
  );
  return ended.status?.phase ?? '';
}

/** Returns what a person would inspect next: Velero's description, and every request of the data mover. */
async function reportOf(
  test: TestCluster,
  kind: 'backup' | 'restore',
  name: string,
  phase: string,
): Promise<string> {
  const told = await Promise.allSettled([
    test.cluster.velero([kind, 'describe', name, '--details']),
    test.cluster.velero([kind, 'logs', name]).then(problemsIn),
    (kind === 'backup' ? movedBackups : movedRestores)(test, name).then((requests) =>
      JSON.stringify(
        requests.map(({ metadata, status }) => ({ name: metadata.name, status })),
        null,
        2,
      ),
    ),
  ]);
  const parts = told.map((one) => (one.status === 'fulfilled' ? one.value : String(one.reason)));
  return [`${kind} ${name} ended as ${phase}`, ...parts, `all logs: ${test.cluster.logs}`].join('\n\n');
}

function problemsIn(logs: string): string {
  return logs
    .split('\n')
    .filter((line) => /level=(error|warning)|"level":"(error|warning)"/.test(line))
    .join('\n');
}

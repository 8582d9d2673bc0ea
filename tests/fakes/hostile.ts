import { dataMoverBackupSpec } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import { dataMoverRestoreSpec } from '../../api/datamover/v1alpha1/data-mover-restore.ts';
import { dataMoverDeleteSpec } from '../../api/datamover/v1alpha1/data-mover-delete.ts';
import { dataMoverPruneSpec } from '../../api/datamover/v1alpha1/data-mover-prune.ts';
import { annotations } from '../../api/datamover/v1alpha1/keys.ts';
import { structuralSchema, type StructuralSchema } from '../../hack/gen/structural-schema.ts';

/**
 * Values that a tenant may put into a request to reach what belongs to others. For each field that the tenant may write, these
 * are values that a shell, the options of a program, a URL, a path, a terminal or a number parser would misinterpret. Each is
 * rejected before anything is created.
 */

/** No valid name, path, word or number looks like these. */
export const TEXTS: readonly string[] = [
  '--password-command=sh -c env>&2',
  '-o',
  '$(touch /tmp/x)',
  '$(RESTIC_PASSWORD)',
  '`id`',
  "';id;'",
  'a b',
  'a\nb',
  'a\0b',
  '../../x',
  '/etc/passwd',
  'a%2f..%2fb',
  'a?b#c',
  '~1metadata~1labels',
  '{"a":"b"}',
  '*',
  'dаta',
  'ｄata',
  'data\u202e',
  'x'.repeat(100_000),
];

const TIMES: readonly string[] = [
  'latest',
  '2016-12-31',
  '2016-12-31T23:59:59+24:00',
  '2016-12-31T23:59:60Z',
  '2016-02-30T00:00:00Z',
  '+002016-12-31T23:59:59Z',
  '2016-12-31 23:59:59Z',
];
const SIZES: readonly string[] = [
  '1e99999',
  '-1Gi',
  '9999999999999999Gi',
  '1Gi 2Gi',
  '0x10',
  '8Ei',
  ' 1Gi',
  '1Zi',
  'NaN',
];
const COUNTS: readonly unknown[] = [-1, 0.5, 1e308, 2 ** 60, '1'];

const LONG_KEY = 'x'.repeat(64);
const KEYS = [
  'a b',
  '../x',
  'a/b/c',
  '/x',
  'x/',
  '-x',
  '--x=y',
  '$(id)',
  'x\n',
  LONG_KEY,
  `${'x'.repeat(254)}/y`,
];
const mapsWith = (keys: readonly string[]): readonly object[] => keys.map((key) => ({ [key]: 'x' }));

/** By field, below the object; each field of the two specs has an entry. `undefined`: any text is allowed and harmless. */
const BACKUP: Readonly<Record<string, readonly unknown[]>> = {
  'spec.dataMoverClass': TEXTS,
  'spec.dataSourceRef.apiGroup': TEXTS,
  'spec.dataSourceRef.kind': TEXTS,
  'spec.dataSourceRef.name': TEXTS,
  'spec.config': [
    ...TEXTS.map((key) => ({ [key]: 'x' })),
    ...TEXTS.map((name) => ({ resticSecret: { name } })),
    ...[...TEXTS, ...SIZES, '11Gi'].map((cacheCapacity) => ({ cacheCapacity })),
    { resticSecret: 'x' },
    { resticSecret: {} },
    { resticSecret: null },
    { resticSecret: { name: ['restic-config'] } },
    { resticImage: 'x' },
    { moverServiceAccount: 'velero' },
    { constructor: 'x' },
    JSON.parse('{"__proto__":{"resticImage":"x"}}') as object,
  ],
  'spec.cancel': TEXTS,
  // A request of another installation is ignored, whatever the name.
  'spec.installation': [],
  [`metadata.annotations.${annotations.veleroBackup}`]: ['', '.', '..', ...TEXTS],
  [`metadata.annotations.${annotations.veleroRestore}`]: ['', '.', '..', ...TEXTS],
};

const RESTORE: Readonly<Record<string, readonly unknown[]>> = {
  'spec.dataMoverClass': TEXTS,
  'spec.DataMoverClass': TEXTS,
  'spec.destinationClaimRef.name': TEXTS,
  'spec.destinationClaimRef.namespace': ['victim', ...TEXTS],
  'spec.source.backupName': TEXTS,
  'spec.source.backupNamespace': TEXTS,
  'spec.source.dataMoverClass': TEXTS,
  'spec.source.result.mover': TEXTS,
  'spec.source.result.repository': [
    '',
    'data',
    'c1/victim/data',
    'c1//data',
    'c1/./data',
    'c1/../data',
    'c1/app/data/',
    'c1/app/--option',
    'c1/app/data/data/c1/app/data',
    ...TEXTS,
  ],
  'spec.source.result.repositoryID': TEXTS,
  'spec.source.result.snapshotID': ['latest', 'latest:/', 'abcdef0', 'ABCDEF01', 'abcdef01:/etc', ...TEXTS],
  'spec.source.result.snapshotTime': [...TIMES, ...TEXTS],
  'spec.source.result.bytes': COUNTS,
  'spec.source.result.files': COUNTS,
  'spec.source.result.uploadedBytes': COUNTS,
  'spec.source.result.empty': TEXTS,
  'spec.source.result.rootFolder.mode': ['', '8', '07777', 'a+rwx', ...TEXTS],
  'spec.source.result.rootFolder.uid': [...COUNTS, 2 ** 32],
  'spec.source.result.rootFolder.gid': [...COUNTS, 2 ** 32],
  'spec.source.result.rootFolder.time': [...TIMES, ...TEXTS],
  'spec.source.result.notSaved': [],
  'spec.source.result.backupStorageLocation': TEXTS,
  'spec.source.result.consistency': TEXTS,
  'spec.source.failure.reason': [],
  'spec.source.failure.message': [],
  'spec.source.volume.pvcName': TEXTS,
  'spec.source.volume.namespace': TEXTS,
  'spec.source.volume.storageClassName': TEXTS,
  'spec.source.volume.accessModes': TEXTS.map((mode) => [mode]),
  'spec.source.volume.volumeMode': TEXTS,
  'spec.source.volume.capacity': ['3Gi', '100Ti', ...SIZES, ...TEXTS],
  'spec.source.volume.reclaimPolicy': ['delete', ...TEXTS],
  'spec.source.volume.pvLabels': [...mapsWith(KEYS), ...TEXTS.map((value) => ({ x: value }))],
  'spec.source.volume.pvAnnotations': [
    ...mapsWith(KEYS),
    { x: 'x'.repeat(4097) },
    Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`x${String(index)}`, 'x'.repeat(4000)])),
  ],
  'spec.existingClaimPolicy': TEXTS,
  'spec.config': BACKUP['spec.config'] ?? [],
  'spec.cancel': TEXTS,
  // A request of another installation is ignored, whatever the name.
  'spec.installation': [],
  [`metadata.annotations.${annotations.veleroBackup}`]:
    BACKUP[`metadata.annotations.${annotations.veleroBackup}`] ?? [],
  [`metadata.annotations.${annotations.veleroRestore}`]:
    BACKUP[`metadata.annotations.${annotations.veleroRestore}`] ?? [],
};

/** The same fields of a record, wherever they occur. */
const RESULT = Object.fromEntries(
  Object.entries(RESTORE)
    .filter(([field]) => field.startsWith('spec.source.result.'))
    .map(([field, values]) => [field.replace('spec.source.', 'spec.'), values]),
);

/** The plugin creates the request from a record in a bucket, where it may have been changed. */
const DELETE: Readonly<Record<string, readonly unknown[]>> = {
  ...RESULT,
  // Only the plugin creates Velero's requests. A user who may delete all data by hand may name any repository.
  'spec.result.repository': [
    '',
    'data',
    'c1//data',
    'c1/./data',
    'c1/../data',
    'c1/app/data/',
    'c1/app/--option',
    'c1/victim/data',
    ...TEXTS,
  ],
  'spec.dataMoverClass': TEXTS,
  'spec.backupName': TEXTS,
  'spec.backupNamespace': ['victim', ...TEXTS],
  'spec.backupStorageLocation': TEXTS,
  'spec.config': BACKUP['spec.config'] ?? [],
};

const PRUNE: Readonly<Record<string, readonly unknown[]>> = {
  'spec.dataMoverClass': TEXTS,
  'spec.mover': TEXTS,
  'spec.repository': ['', 'data', 'c1//data', 'c1/../data', 'c1/app/data/', 'c1/app/--option', ...TEXTS],
  'spec.repositoryID': TEXTS,
  'spec.backupStorageLocation': TEXTS,
  'spec.config': BACKUP['spec.config'] ?? [],
  'spec.dueAt': [...TIMES, ...TEXTS],
};

export const hostileValues = {
  DataMoverBackup: BACKUP,
  DataMoverRestore: RESTORE,
  DataMoverDelete: DELETE,
  DataMoverPrune: PRUNE,
};

const SPECS = {
  DataMoverBackup: dataMoverBackupSpec,
  DataMoverRestore: dataMoverRestoreSpec,
  DataMoverDelete: dataMoverDeleteSpec,
  DataMoverPrune: dataMoverPruneSpec,
};

/** Returns the fields of a spec, down to the depth that the schema defines. */
export function fieldsOf(kind: keyof typeof hostileValues): string[] {
  return leaves(structuralSchema(SPECS[kind]), 'spec');
}

function leaves({ properties }: StructuralSchema, path: string): string[] {
  if (properties === undefined) return [path];
  return Object.entries(properties).flatMap(([key, schema]) => leaves(schema, `${path}.${key}`));
}

/** Sets a field of {@link hostileValues} and creates its parents. */
export function setField(object: object, field: string, value: unknown): void {
  const annotation = /^metadata\.annotations\.(.*)$/.exec(field)?.[1];
  const path = annotation === undefined ? field.split('.') : ['metadata', 'annotations', annotation];
  let at = object as Record<string, unknown>;
  for (const key of path.slice(0, -1)) at = (at[key] ??= {}) as Record<string, unknown>;
  at[path.at(-1) ?? ''] = value;
}

/** Returns a value as the title of a test. */
export function titleOf(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}… (${String(text.length)})`;
}

import { dataMoverBackupSpec, dataMoverBackupStatus } from './data-mover-backup.ts';
import { dataMoverClassSpec, dataMoverClassStatus } from './data-mover-class.ts';
import { dataMoverDeleteSpec, dataMoverDeleteStatus } from './data-mover-delete.ts';
import { dataMoverPruneSpec, dataMoverPruneStatus } from './data-mover-prune.ts';
import { chosenSource, dataMoverRestoreSpec, dataMoverRestoreStatus } from './data-mover-restore.ts';
import {
  dataMoverBackups,
  dataMoverClasses,
  dataMoverDeletes,
  dataMoverPrunes,
  dataMoverRestores,
} from './kinds.ts';
import type { CrdDefinition, PrintColumn } from '../../schema/crd.ts';

/** `kubectl get datamover` lists all kinds of this category. */
export const CATEGORY = 'datamover';

const AGE: PrintColumn = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };
const CLASS: PrintColumn = {
  name: 'Class',
  type: 'string',
  jsonPath: '.status.dataMoverClass',
  description: 'The class that serves it.',
};
const PHASE: PrintColumn = { name: 'Phase', type: 'string', jsonPath: '.status.phase' };
const MESSAGE: PrintColumn = { name: 'Message', type: 'string', jsonPath: '.status.message', priority: 1 };
const DONE: PrintColumn = {
  name: 'Done',
  type: 'integer',
  jsonPath: '.status.progress.bytesDone',
  description: 'Bytes moved so far.',
};
const TOTAL: PrintColumn = {
  name: 'Total',
  type: 'integer',
  jsonPath: '.status.progress.totalBytes',
  description: 'Bytes to move.',
};

export const crdDefinitions: readonly CrdDefinition[] = [
  {
    kind: dataMoverClasses,
    shortName: 'dmc',
    description:
      'Which mover serves which PersistentVolumeClaims, and how. Cluster-scoped, as a StorageClass is.',
    columns: [
      { name: 'Mover', type: 'string', jsonPath: '.spec.mover' },
      { name: 'Selector', type: 'string', jsonPath: '.spec.selector' },
      {
        name: 'Default',
        type: 'string',
        jsonPath: String.raw`.metadata.annotations.oadp\.openshift\.io/default`,
        description: 'Serves the claims that no selector and no annotation gives to another class.',
      },
      {
        name: 'Claims',
        type: 'integer',
        jsonPath: '.status.matchedClaims',
        description: 'PersistentVolumeClaims that get this class.',
      },
      {
        name: 'Ready',
        type: 'string',
        jsonPath: '.status.conditions[?(@.type=="Ready")].status',
      },
      {
        name: 'Message',
        type: 'string',
        jsonPath: '.status.conditions[?(@.type=="Ready")].message',
        priority: 1,
      },
      AGE,
    ],
    spec: dataMoverClassSpec,
    status: dataMoverClassStatus,
  },
  {
    kind: dataMoverBackups,
    shortName: 'dmb',
    description:
      'One backup of one volume. It is in the namespace of the PersistentVolumeClaim, and in the Velero backup as the record of where its data is.',
    columns: [
      CLASS,
      { name: 'PVC', type: 'string', jsonPath: '.status.volume.pvcName' },
      PHASE,
      DONE,
      TOTAL,
      MESSAGE,
      AGE,
    ],
    spec: dataMoverBackupSpec,
    status: dataMoverBackupStatus,
  },
  {
    kind: dataMoverRestores,
    shortName: 'dmr',
    description: 'One restore of one volume into one PersistentVolumeClaim of its own namespace.',
    columns: [
      CLASS,
      { name: 'PVC', type: 'string', jsonPath: '.spec.destinationClaimRef.name' },
      PHASE,
      DONE,
      TOTAL,
      MESSAGE,
      AGE,
    ],
    spec: dataMoverRestoreSpec,
    status: dataMoverRestoreStatus,
    rules: [chosenSource],
  },
  {
    kind: dataMoverDeletes,
    shortName: 'dmd',
    description:
      'Removes the data of one backup from its repository. Exists in the protected namespace only.',
    columns: [
      { name: 'Class', type: 'string', jsonPath: '.spec.dataMoverClass' },
      { name: 'Repository', type: 'string', jsonPath: '.spec.result.repository' },
      PHASE,
      MESSAGE,
      AGE,
    ],
    spec: dataMoverDeleteSpec,
    status: dataMoverDeleteStatus,
  },
  {
    kind: dataMoverPrunes,
    shortName: 'dmp',
    description: 'Removes unreferenced data from one repository. Exists in the protected namespace only.',
    columns: [
      { name: 'Class', type: 'string', jsonPath: '.spec.dataMoverClass' },
      { name: 'Repository', type: 'string', jsonPath: '.spec.repository' },
      { name: 'Due', type: 'string', jsonPath: '.spec.dueAt', description: 'When it may begin.' },
      PHASE,
      { name: 'Freed', type: 'integer', jsonPath: '.status.freedBytes', description: 'Bytes freed.' },
      MESSAGE,
      AGE,
    ],
    spec: dataMoverPruneSpec,
    status: dataMoverPruneStatus,
  },
];

import type { Key, Kind, Resource } from '../../api/kubernetes/meta.ts';
import {
  dataMoverBackups,
  dataMoverDeletes,
  dataMoverPrunes,
  dataMoverRestores,
} from '../../api/datamover/v1alpha1/kinds.ts';
import { backUp, backUpByRestic, backUpLive, replacePassword, verifyBackup } from './backup-stories.ts';
import { deleteUsedClass } from './class-stories.ts';
import { sweep } from './janitor-stories.ts';
import { unlockForBackup, unlockForRestore } from './locked-stories.ts';
import { failToOverwrite, overwrite } from './overwrite-stories.ts';
import type { ProcessParts } from './process.ts';
import { cancel, cancelRestic, prune, remove, removeRepository } from './removal-stories.ts';
import { handOver, restore, restoreByRestic, verifyRestore } from './restore-stories.ts';
import type { Expectation } from './expectation.ts';
import type { StoryHarness } from './story-harness.ts';

export interface Story {
  name: string;
  begin(harness: StoryHarness): Promise<Expectation>;
  /** The request that its owner may delete in the middle of the story. */
  request?(harness: StoryHarness): { kind: Kind<Resource>; key: Key };
  /** True if it mostly repeats another story: equivalent faults share its calls. */
  isVariant?: true;
  /** The parts of the controller that run; default: those that serve requests. */
  parts?: ProcessParts;
}

const backupOf = ({ app }: StoryHarness) => ({ kind: dataMoverBackups, key: { namespace: app, name: 'b1' } });
const restoreOf = ({ app }: StoryHarness) => ({
  kind: dataMoverRestores,
  key: { namespace: app, name: 'r1' },
});
const deleteOf = (harness: StoryHarness) => ({
  kind: dataMoverDeletes,
  key: { namespace: harness.protected, name: 'd1' },
});
const pruneOf = (harness: StoryHarness) => ({
  kind: dataMoverPrunes,
  key: { namespace: harness.protected, name: 'p1' },
});

export const backups: readonly Story[] = [
  { name: 'backup', begin: (harness) => backUp(harness), request: backupOf },
  { name: 'verified backup', begin: verifyBackup, isVariant: true },
  { name: 'live backup', begin: backUpLive, request: backupOf, isVariant: true },
  { name: 'replaced password', begin: replacePassword, isVariant: true },
  { name: 'locked backup', begin: unlockForBackup, isVariant: true },
  { name: 'backup by restic', begin: backUpByRestic, isVariant: true },
];

export const restores: readonly Story[] = [
  { name: 'verified restore', begin: verifyRestore, isVariant: true },
  { name: 'restore', begin: restore, request: restoreOf },
  { name: 'locked restore', begin: unlockForRestore, isVariant: true },
  { name: 'restore by restic', begin: restoreByRestic, isVariant: true },
  { name: 'hand-over', begin: handOver, request: restoreOf },
  { name: 'overwrite', begin: overwrite, isVariant: true },
  { name: 'overwrite that fails', begin: failToOverwrite, isVariant: true },
];

/** Stories that end data or requests. */
export const removals: readonly Story[] = [
  { name: 'delete', begin: remove, request: deleteOf },
  { name: 'prune', begin: prune, request: pruneOf, isVariant: true },
  { name: 'removal of a repository', begin: removeRepository, isVariant: true },
  { name: 'cancel', begin: cancel, isVariant: true },
  { name: 'cancel of restic', begin: cancelRestic, isVariant: true },
  { name: 'sweep', begin: sweep, isVariant: true, parts: 'requests and janitor' },
  { name: 'class', begin: deleteUsedClass, isVariant: true, parts: 'classes' },
];

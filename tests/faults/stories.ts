import type { Key, Kind, Resource } from '../../api/kubernetes/meta.ts';
import {
  dataMoverBackups,
  dataMoverDeletes,
  dataMoverPrunes,
  dataMoverRestores,
} from '../../api/datamover/v1alpha1/kinds.ts';
import { backUp, backUpByRestic, backUpLive, replacePassword, verifyBackup } from './backup-stories.ts';
import { keepClass } from './class-stories.ts';
import { sweep } from './janitor-stories.ts';
import { unlockForBackup, unlockForRestore } from './locked-stories.ts';
import { failToOverwrite, overwrite } from './overwrite-stories.ts';
import type { Crew } from './process.ts';
import { cancel, cancelRestic, prune, remove, removeRepository } from './removal-stories.ts';
import { handOver, restore, restoreByRestic, verifyRestore } from './restore-stories.ts';
import type { Told } from './told.ts';
import type { World } from './world.ts';

export interface Story {
  name: string;
  begin(world: World): Promise<Told>;
  /** The request that its owner may delete in the middle of the story. */
  request?(world: World): { kind: Kind<Resource>; key: Key };
  /** True if it mostly repeats another story: equivalent faults share its calls. */
  isVariant?: true;
  /** The parts of the controller that run; default: those that serve requests. */
  crew?: Crew;
}

const backupOf = ({ app }: World) => ({ kind: dataMoverBackups, key: { namespace: app, name: 'b1' } });
const restoreOf = ({ app }: World) => ({ kind: dataMoverRestores, key: { namespace: app, name: 'r1' } });
const deleteOf = (world: World) => ({
  kind: dataMoverDeletes,
  key: { namespace: world.protected, name: 'd1' },
});
const pruneOf = (world: World) => ({
  kind: dataMoverPrunes,
  key: { namespace: world.protected, name: 'p1' },
});

export const stories: readonly Story[] = [
  { name: 'backup', begin: (world) => backUp(world), request: backupOf },
  { name: 'verified backup', begin: verifyBackup, isVariant: true },
  { name: 'verified restore', begin: verifyRestore, isVariant: true },
  { name: 'live backup', begin: backUpLive, request: backupOf, isVariant: true },
  { name: 'replaced password', begin: replacePassword, isVariant: true },
  { name: 'locked backup', begin: unlockForBackup, isVariant: true },
  { name: 'backup by restic', begin: backUpByRestic, isVariant: true },
  { name: 'restore', begin: restore, request: restoreOf },
  { name: 'locked restore', begin: unlockForRestore, isVariant: true },
  { name: 'restore by restic', begin: restoreByRestic, isVariant: true },
  { name: 'hand-over', begin: handOver, request: restoreOf },
  { name: 'overwrite', begin: overwrite, isVariant: true },
  { name: 'overwrite that fails', begin: failToOverwrite, isVariant: true },
  { name: 'delete', begin: remove, request: deleteOf },
  { name: 'prune', begin: prune, request: pruneOf, isVariant: true },
  { name: 'removal of a repository', begin: removeRepository, isVariant: true },
  { name: 'cancel', begin: cancel, isVariant: true },
  { name: 'cancel of restic', begin: cancelRestic, isVariant: true },
  { name: 'sweep', begin: sweep, isVariant: true, crew: 'requests and janitor' },
  { name: 'class', begin: keepClass, isVariant: true, crew: 'classes' },
];

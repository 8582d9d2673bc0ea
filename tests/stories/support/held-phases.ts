import type { BackupStory } from './backup-story.ts';
import { running } from './running.ts';

/** How to hold a backup in each of its phases. */
export const heldPhases: readonly (readonly [phase: string, hold: (story: BackupStory) => void])[] = [
  ['Capturing', ({ cluster }) => cluster.hold('cut')],
  ['Queued', occupyRepository],
  ['Staging', ({ cluster }) => cluster.hold('ready')],
  ['Staging', ({ cluster }) => cluster.hold('provision')],
  ['Moving', ({ cluster }) => cluster.hold('volsync')],
  ['Moving', ({ cluster }) => void (cluster.state.script = running)],
];

/** Adds another backup, served by another controller, that uses the repository and never ends. */
export function occupyRepository(story: BackupStory): void {
  const servedBy = story.addForeignController();
  story.addBackup('other', (object) => {
    object.status = {
      phase: 'Moving',
      mover: 'Other',
      dataMoverClass: 'volsync',
      servedBy,
      admittedAt: '2026-01-01T00:00:00Z',
      repositoryPath: 'c1/app/data',
    };
  });
}

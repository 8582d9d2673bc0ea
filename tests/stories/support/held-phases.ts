import type { BackupStory } from './backup-story.ts';
import { occupyingStatus } from './occupied-repository.ts';
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
function occupyRepository(story: BackupStory): void {
  const status = occupyingStatus(story);
  story.addBackup('other', (object) => (object.status = status));
}

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CONFIG, KEY, KEY_NAME } from '../../movers/restic-repository/transfer/root-attributes.ts';

/** The password of the repository that {@link quickRepository} creates. */
export const QUICK_PASSWORD = 'x';

/** Creates an empty restic repository whose key is derived at once; in one that restic creates, each command takes half a second. */
export function quickRepository(folder: string): void {
  for (const name of ['keys', 'data', 'index', 'locks', 'snapshots'])
    mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, 'config'), Buffer.from(CONFIG, 'base64'));
  writeFileSync(join(folder, 'keys', KEY_NAME), KEY);
}

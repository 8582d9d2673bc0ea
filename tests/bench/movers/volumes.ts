import { randomFillSync } from 'node:crypto';
import { mkdir, open, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const MIB = 1024 ** 2;

/** A volume to measure with, and the changes of one day. */
export interface Load {
  name: string;
  /** Size of the claim. */
  size: string;
  fill(folder: string): Promise<void>;
  /** Rewrites one percent of the data. */
  change(folder: string): Promise<void>;
}

const LARGE_FILES = 16;
const LARGE_FILE_BYTES = 64 * MIB;

/** Random, so that neither compression nor deduplication reduces it. */
const large: Load = {
  name: '1 GiB in 16 files',
  size: '2Gi',
  async fill(folder) {
    const block = Buffer.alloc(8 * MIB);
    for (let file = 0; file < LARGE_FILES; file++) {
      const handle = await open(join(folder, `large-${String(file)}`), 'w');
      for (let at = 0; at < LARGE_FILE_BYTES; at += block.length) await handle.write(randomFillSync(block));
      await handle.close();
    }
  },
  async change(folder) {
    const part = Buffer.alloc(Math.round(LARGE_FILE_BYTES / 100));
    for (let file = 0; file < LARGE_FILES; file++) {
      const handle = await open(join(folder, `large-${String(file)}`), 'r+');
      await handle.write(randomFillSync(part), 0, part.length, LARGE_FILE_BYTES / 2);
      await handle.close();
    }
  },
};

const FOLDERS = 500;
const FILES_PER_FOLDER = 100;

const small: Load = {
  name: '50,000 files of 4 KiB',
  size: '1Gi',
  async fill(folder) {
    for (let at = 0; at < FOLDERS; at++) {
      const home = join(folder, `folder-${String(at)}`);
      await mkdir(home);
      for (let file = 0; file < FILES_PER_FOLDER; file++) await writeSmall(join(home, String(file)));
    }
  },
  async change(folder) {
    const homes = await readdir(folder);
    for (const home of homes.filter((name) => name.startsWith('folder-')))
      await writeSmall(join(folder, home, '0'));
  },
};

function writeSmall(path: string): Promise<void> {
  return writeFile(path, randomFillSync(Buffer.alloc(4096)));
}

/** Almost empty: measures the fixed cost of every transfer. */
export const TINY: Load = {
  name: 'one file of 4 KiB',
  size: '64Mi',
  fill: (folder) => writeSmall(join(folder, 'tiny')),
  change: (folder) => writeSmall(join(folder, 'tiny')),
};

export const LOADS: readonly Load[] = [large, small];

import { homedir } from 'node:os';
import { join } from 'node:path';
import { silentProgress } from '../../hack/cluster/progress.ts';
import { ensureTools, toolFolders } from '../../hack/cluster/tools.ts';

/** Returns the folder of a real restic: `DATAMOVER_TOOLS_BIN`, or else the cache, which is filled first if it has none. */
export async function resticBin(): Promise<string> {
  const given = process.env['DATAMOVER_TOOLS_BIN'];
  if (given !== undefined && given !== '') return given;
  const cacheDir = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'datamover');
  await ensureTools(cacheDir, silentProgress);
  return join(toolFolders(cacheDir).restic, 'bin');
}

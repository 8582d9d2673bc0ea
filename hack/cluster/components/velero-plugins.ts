import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sourcesStamp } from '../sources.ts';
import type { ClusterConfig } from '../config.ts';
import type { Context } from '../component.ts';

/** Our plugin's executable, as the build leaves it in `dist/plugin`. */
export const PLUGIN = 'velero-plugin-for-datamover';

interface PluginFile {
  readonly from: string;
  readonly name: string;
  readonly executable: boolean;
}

/** Changes with every file of the plugin folder: Velero looks for plugins only when it starts. */
export function pluginsStamp(context: Context): string {
  return sourcesStamp(pluginFiles(context).map(({ from }) => from));
}

/**
 * Velero runs whatever has an x bit in its plugin folder: it gets real files only, executable or 0644, and
 * nothing of the time before. A program that runs cannot be overwritten, hence away with the old ones first.
 * @returns what is to be said about it
 */
export function copyPlugins(context: Context): string {
  const { paths } = context.config;
  const folder = join(paths.velero, 'plugins');
  const stampFile = join(paths.velero, 'plugins.stamp');
  const stamp = pluginsStamp(context);
  const before = existsSync(stampFile) ? readFileSync(stampFile, 'utf8') : '';
  if (before !== stamp) {
    rmSync(stampFile, { force: true });
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const { from, name, executable } of pluginFiles(context)) {
      copyFileSync(from, join(folder, name));
      chmodSync(join(folder, name), executable ? 0o755 : 0o644);
    }
    writeFileSync(stampFile, stamp);
  }
  const ours = join(builtFolder(context.config), PLUGIN);
  return existsSync(ours) ? '' : `without our plugin: there is no ${ours}`;
}

function pluginFiles({ config, program }: Context): PluginFile[] {
  const aws = { from: program('velero-plugin-for-aws'), name: 'velero-plugin-for-aws', executable: true };
  const built = builtFolder(config);
  if (!existsSync(join(built, PLUGIN))) return [aws];
  const ours = readdirSync(built)
    .filter((name) => statSync(join(built, name)).isFile())
    .map((name) => ({ from: join(built, name), name, executable: name === PLUGIN }));
  return [aws, ...ours];
}

function builtFolder({ checkout }: ClusterConfig): string {
  return join(checkout, 'dist/plugin');
}

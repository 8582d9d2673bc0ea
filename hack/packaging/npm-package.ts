import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../cluster/exec.ts';

/**
 * Builds the package that vendors install: everything that package.json exports, with its dependencies, as JavaScript with
 * declarations. Node does not strip types below node_modules.
 */

const ROOT = join(import.meta.dirname, '../..');

/** The package's files, ready for `npm pack`. */
export const PACKAGE_DIR = join(ROOT, 'dist/package');

interface Manifest {
  name: string;
  version: string;
  description: string;
  license: string;
  type: string;
  engines: Record<string, string>;
  exports: Record<string, string>;
  dependencies: Record<string, string>;
}

/** One module that others may import. */
export interface EntryPoint {
  /** For example `velero-datamover/mover`. */
  name: string;
  /** Path of the compiler's declarations. */
  declarations: string;
}

export function entryPoints(): EntryPoint[] {
  const { name, exports } = readManifest();
  return Object.entries(exports).map(([path, source]) => ({
    name: join(name, path),
    declarations: join(PACKAGE_DIR, withExtension(source, '.d.ts')),
  }));
}

/** Compiles the package and replaces its folder. */
export async function layOutPackage(): Promise<void> {
  rmSync(PACKAGE_DIR, { recursive: true, force: true });
  await run(
    process.execPath,
    [join(ROOT, 'node_modules/typescript/bin/tsc'), '--project', 'tsconfig.package.json'],
    {
      cwd: ROOT,
    },
  );
  for (const file of ['LICENSE', 'README.md']) cpSync(join(ROOT, file), join(PACKAGE_DIR, file));
  writeFileSync(join(PACKAGE_DIR, 'package.json'), `${JSON.stringify(publishedManifest(), null, 2)}\n`);
}

/** Packs the package as npm publishes it. @returns the archive's path, in the folder `into` */
export async function packPackage(into: string): Promise<string> {
  await layOutPackage();
  const args = ['pack', '--silent', '--pack-destination', into];
  return join(into, (await run('npm', args, { cwd: PACKAGE_DIR })).trim());
}

/** Lists only run-time dependencies. Packages for plugins only are optional peers, because a mover does not need them. */
function publishedManifest(): object {
  const { name, version, description, license, type, engines, exports, dependencies } = readManifest();
  const published = Object.entries(exports).map(([path, source]) => [
    path,
    { types: withExtension(source, '.d.ts'), default: withExtension(source, '.js') },
  ]);
  const needed = Object.entries(dependencies).filter(([each]) => !PLUGIN_ONLY.test(each));
  const only = (wanted: boolean): object =>
    Object.fromEntries(needed.filter(([each]) => (each === IN_NO_POD) === wanted));
  const peers = Object.entries(dependencies).filter(([each]) => PEERS.includes(each));
  return {
    ...{ name, version, description, license, type, engines },
    exports: Object.fromEntries(published) as object,
    dependencies: only(false),
    optionalDependencies: only(true),
    peerDependencies: Object.fromEntries(peers.map(([each, version]) => [each, `^${version}`])) as object,
    peerDependenciesMeta: Object.fromEntries(peers.map(([each]) => [each, { optional: true }])) as object,
  };
}

const PLUGIN_ONLY = /^(@grpc\/|protobufjs$)/;

/** The plugin-only packages that a plugin itself imports; the others are for building this project. */
const PEERS = ['@grpc/grpc-js', 'protobufjs'];

/** Larger than all others together, and loaded only for kubeconfigs that get their token from a program. */
const IN_NO_POD = '@kubernetes/client-node';

function readManifest(): Manifest {
  return JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;
}

function withExtension(source: string, extension: string): string {
  return source.replace(/\.ts$/, extension);
}

/**
 * Builds dist/plugin/ from plugin/main.ts: one executable (Node with the bundled program inside) and the shared libraries that
 * Velero's image lacks. Velero executes every file with an x-bit in its plugin folder, including links, so exactly one file here
 * has it.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { sourcesStamp } from './cluster/sources.ts';
import { neededGlibc, newestVersion } from './packaging/glibc.ts';
import { shippedLibraries } from './packaging/libraries.ts';
import { findPatchelf, lookBesideItself } from './packaging/run-path.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const outDir = join(root, 'dist/plugin');
// Outside the folder that is copied to Velero, so that the folder contains only the result.
const workDir = join(root, 'dist/.plugin-build');
const stampFile = join(workDir, 'stamp');
const executable = 'velero-plugin-for-datamover';

/** Marks the executable as containing a program; a constant of Node. */
const SENTINEL = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/** Options that the executable passes to Node. Most flags of V8 make it reject the code cache of Node's own modules. */
const NODE_OPTIONS = [
  // A plugin shares Velero's memory limit: a small young generation frees items and messages soon after each call.
  '--max-semi-space-size=1',
  // If a kubeconfig has no CA, the machine's certificates are trusted, as in Go. Without this option Node loads its own root
  // certificates, and those of NODE_EXTRA_CA_CERTS, into the memory of every process as soon as it loads HTTP/2.
  '--use-openssl-ca',
];

const node = realpathSync(process.execPath);
const started = performance.now();
mkdirSync(workDir, { recursive: true });

const bundle = await bundleProgram();
const libraries = await shippedLibraries(node);
const patchelf = await findPatchelf();
const inputs = contentHash(bundle.code, bundle.map, [node, patchelf, ...libraries.map(({ path }) => path)]);
if (isUpToDate(inputs)) {
  print('is up to date');
} else {
  rmSync(stampFile, { force: true });
  const program = await buildExecutable();
  assemble(program);
  writeFileSync(stampFile, inputs);
  print(`is built${glibcOf(outDir)}`);
}

function print(what: string): void {
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const megabytes = (statSync(join(outDir, executable)).size / 1e6).toFixed(0);
  console.log(`dist/plugin/${executable} ${what} (${megabytes} MB, ${seconds} s)`);
}

/** Returns the end of the build's log line: the glibc version that all files together need, for readers to check. */
function glibcOf(folder: string): string {
  const needed = newestVersion(readdirSync(folder).map((name) => neededGlibc(join(folder, name))));
  return needed === undefined ? '' : `, and runs on glibc ${needed} and later`;
}

/**
 * Bundles without white space, which would take memory in every process, but keeps names: Velero shows the function that failed.
 * The source map is an asset that is read only when an error occurs.
 */
async function bundleProgram(): Promise<{ code: string; map: string }> {
  const result = await build({
    absWorkingDir: root,
    entryPoints: ['plugin/main.ts'],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node24',
    outfile: join(workDir, 'main.cjs'),
    sourcemap: 'external',
    sourcesContent: false,
    write: false,
    minifyWhitespace: true,
    external: [
      // Needed only for kubeconfigs with login programs, which do not exist inside Velero; 5 MB.
      '@kubernetes/client-node',
      // gRPC loads these to describe itself to debuggers, protobufjs for integers above 2^53. Neither is needed.
      '@grpc/proto-loader',
      'long',
    ],
    logLevel: 'warning',
  });
  const text = (suffix: string): string => {
    const file = result.outputFiles.find(({ path }) => path.endsWith(suffix));
    if (file === undefined) throw new Error(`esbuild made no ${suffix}`);
    return file.text;
  };
  const code = text('main.cjs');
  assertOneByte(code);
  return { code, map: text('main.cjs.map') };
}

/** Throws if the code contains a character beyond Latin-1: one is enough to make V8 store two bytes per character. */
function assertOneByte(code: string): void {
  const [wide] = /[\u0100-\u{10ffff}]/u.exec(code) ?? [];
  if (wide !== undefined) throw new Error(`the bundle has the character "${wide}"; write it as an escape`);
}

function contentHash(code: string, map: string, binaries: string[]): string {
  const hash = createHash('sha256')
    .update(sourcesStamp([import.meta.filename, join(root, 'hack/packaging')]))
    .update(code)
    .update(map);
  for (const path of binaries) {
    const { size, mtimeMs } = statSync(path);
    hash.update(`${path} ${String(size)} ${String(mtimeMs)}\n`);
  }
  return hash.digest('hex');
}

function isUpToDate(hash: string): boolean {
  return (
    existsSync(stampFile) &&
    readFileSync(stampFile, 'utf8') === hash &&
    [executable, ...libraries.map((library) => library.name)].every((name) => existsSync(join(outDir, name)))
  );
}

/** The order matters: an executable that is stripped after the injection, or injected after patchelf, may not run. */
async function buildExecutable(): Promise<string> {
  writeFileSync(join(workDir, 'main.cjs'), bundle.code);
  writeFileSync(join(workDir, 'main.cjs.map'), bundle.map);
  const config = {
    main: 'main.cjs',
    output: 'program.blob',
    disableExperimentalSEAWarning: true,
    useCodeCache: true,
    execArgv: NODE_OPTIONS,
    assets: { 'main.cjs.map': 'main.cjs.map' },
  };
  writeFileSync(join(workDir, 'sea-config.json'), JSON.stringify(config));
  run(node, ['--experimental-sea-config', 'sea-config.json']);
  const program = join(workDir, executable);
  copyFileSync(strippedNode(), program);
  chmodSync(program, 0o755);
  const postject = join(root, 'node_modules/postject/dist/cli.js');
  run(node, [postject, program, 'NODE_SEA_BLOB', 'program.blob', '--sentinel-fuse', SENTINEL]);
  await lookBesideItself(patchelf, program);
  return program;
}

/** Returns a copy of Node without symbols, 18 MB smaller. It is cached, because it changes only with Node. */
function strippedNode(): string {
  const { size, mtimeMs } = statSync(node);
  const kept = join(workDir, `node-${process.version}-${String(size)}-${String(mtimeMs)}`);
  if (existsSync(kept)) return kept;
  const fresh = `${kept}.new`;
  copyFileSync(node, fresh);
  try {
    execFileSync('strip', [fresh], { stdio: 'pipe' });
  } catch {
    console.warn(
      'strip (Debian package binutils) is missing or failed: the executable stays larger than it must be',
    );
    return fresh;
  }
  renameSync(fresh, kept);
  return kept;
}

/** Builds a new folder and swaps it with the old one, so that a reader sees either the old or the new result. */
function assemble(program: string): void {
  const fresh = `${outDir}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  renameSync(program, join(fresh, executable));
  for (const { name, path } of libraries) {
    copyFileSync(path, join(fresh, name));
    chmodSync(join(fresh, name), 0o644);
  }
  rmSync(outDir, { recursive: true, force: true });
  renameSync(fresh, outDir);
}

function run(command: string, args: string[]): void {
  try {
    execFileSync(command, args, { cwd: workDir, stdio: 'pipe', encoding: 'utf8' });
  } catch (error) {
    const output = error as { stdout?: string; stderr?: string };
    throw new Error(`${command} ${args.join(' ')} failed:\n${output.stdout ?? ''}${output.stderr ?? ''}`, {
      cause: error,
    });
  }
}

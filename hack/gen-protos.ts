/**
 * proto/**\/*.proto → proto/descriptor.json (what runs) and proto/gen/*.ts (what is checked).
 * The loader options here and in plugin/goplugin/services.ts must be the same, or the types lie.
 */
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const protoDir = `${root}proto`;
const genDir = `${protoDir}/gen`;

const files = globSync('**/*.proto', { cwd: protoDir }).sort();
writeDescriptor();
writeTypes();

/** One descriptor for all files, so that nothing is read or parsed from disk at run time. */
function writeDescriptor(): void {
  const pool = new protobuf.Root();
  pool.resolvePath = (_origin, target) =>
    target.startsWith('google/protobuf/') ? target : `${protoDir}/${target}`;
  pool.loadSync(files, { keepCase: true });
  writeFileSync(`${protoDir}/descriptor.json`, `${JSON.stringify(pool.toJSON(), null, 2)}\n`);
}

function writeTypes(): void {
  rmSync(genDir, { recursive: true, force: true });
  const options = ['--keepCase', '--longs=String', '--enums=String', '--defaults', '--oneofs'];
  const output = ['--grpcLib=@grpc/grpc-js', '--targetFileExtension=.ts', '--importFileExtension=.ts'];
  execFileSync(
    process.execPath,
    [
      `${root}node_modules/@grpc/proto-loader/build/bin/proto-loader-gen-types.js`,
      ...options,
      ...output,
      '-I',
      protoDir,
      '-O',
      genDir,
      ...files,
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  // The files beside the folders describe loading a .proto at run time, which nothing does here.
  for (const file of globSync('*.ts', { cwd: genDir })) rmSync(`${genDir}/${file}`);
  for (const file of globSync('**/*.ts', { cwd: genDir })) {
    const path = `${genDir}/${file}`;
    writeFileSync(path, readFileSync(path, 'utf8').replace(/^\/\/ Original file: .*\n+/gm, ''));
  }
}

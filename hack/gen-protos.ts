/** Generates proto/schema.json (used at run time) and proto/gen/*.ts (used for type checks) from proto/**\/*.proto. */
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import protobuf from 'protobufjs';
import { schemaOf } from './gen/wire-schema.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const protoDir = `${root}proto`;
const genDir = `${protoDir}/gen`;

const files = globSync('**/*.proto', { cwd: protoDir }).sort();
await writeSchema();
writeTypes();

/** Writes one schema for all files with every name resolved, so that nothing is left to resolve at run time. */
async function writeSchema(): Promise<void> {
  const pool = new protobuf.Root();
  pool.resolvePath = (_origin, target) =>
    target.startsWith('google/protobuf/') ? target : `${protoDir}/${target}`;
  pool.loadSync(files, { keepCase: true });
  writeFileSync(
    `${protoDir}/schema.json`,
    await format(JSON.stringify(schemaOf(pool)), { parser: 'json', printWidth: 110 }),
  );
}

/** The options describe the values that plugin/goplugin/wire.ts reads and writes. */
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
  // The files outside the folders describe loading a .proto at run time, which is not used.
  for (const file of globSync('*.ts', { cwd: genDir })) rmSync(`${genDir}/${file}`);
  for (const file of globSync('**/*.ts', { cwd: genDir })) {
    const path = `${genDir}/${file}`;
    writeFileSync(path, readFileSync(path, 'utf8').replace(/^\/\/ Original file: .*\n+/gm, ''));
  }
}

import { expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

/** Reports at the end of the process which packages and which files of kube/ were loaded, by import or by require. */
const WATCH = `
  import { registerHooks } from 'node:module';
  import { writeSync } from 'node:fs';
  const seen = new Set();
  registerHooks({ load(url, context, next) {
    const found = /^.*[/]node_modules[/]((?:@[^/]+[/])?[^/]+)/.exec(url) ?? /[/](kube[/].*)$/.exec(url);
    if (found) seen.add(found[1]);
    return next(url, context);
  } });
  process.on('exit', () => writeSync(2, JSON.stringify([...seen].sort())));
`;

/** Each poll of an operation is a process, which loads all of these modules again. */
it('loads on its way to the handshake gRPC and the bytes of protobuf, and nothing else', async () => {
  const watch = `data:text/javascript,${encodeURIComponent(WATCH)}`;
  const plugin = spawn(process.execPath, ['--import', watch, 'plugin/main.ts'], {
    cwd: join(import.meta.dirname, '..'),
    env: { ...process.env, NODE_OPTIONS: '', VELERO_PLUGIN: 'hello' },
  });
  const said = text(plugin.stderr);
  const [handshake] = (await once(plugin.stdout, 'data')) as [Buffer];
  plugin.kill('SIGTERM');
  expect(String(handshake)).toMatch(/^1\|2\|unix\|/);

  const grpc = ['@grpc/grpc-js', '@js-sdsl/ordered-map'];
  // Without reflection, which would be @protobufjs/codegen; the bundle does not contain `long`.
  const protobuf = [
    '@protobufjs/aspromise',
    '@protobufjs/base64',
    '@protobufjs/eventemitter',
    '@protobufjs/float',
    '@protobufjs/pool',
    '@protobufjs/utf8',
    'long',
    'protobufjs',
  ];
  const ours = ['kube/client/kube-error.ts', 'kube/runtime/clock.ts'];
  expect(JSON.parse(await said)).toEqual([...grpc, ...protobuf, ...ours].sort());
});

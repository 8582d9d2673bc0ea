import { expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** What is loaded before Velero's first call; each poll of an operation pays for it. */
const LISTING = `
  import Module from 'node:module';
  await import('./plugin/registered-actions.ts');
  await import('./plugin/goplugin/serve.ts');
  const packages = Object.keys(Module._cache).map((file) => /node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(file)?.[1]);
  process.stdout.write(JSON.stringify([...new Set(packages)]));
`;

it('loads neither the YAML parser nor schemas nor a Kubernetes client before the handshake', () => {
  const args = ['--input-type=module', '--eval', LISTING];
  const cwd = join(import.meta.dirname, '..');
  const loaded = JSON.parse(execFileSync(process.execPath, args, { cwd, encoding: 'utf8' })) as string[];
  expect(loaded).toContain('@grpc/grpc-js');
  for (const name of ['yaml', 'zod', 'undici', '@kubernetes/client-node']) expect(loaded).not.toContain(name);
});

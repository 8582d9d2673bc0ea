import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Runs a module in a separate Node process and returns the packages that it loaded. */
async function packagesOf(source: string): Promise<string[]> {
  const report = `
    const { registerHooks } = await import('node:module');
    const seen = new Set();
    registerHooks({ load: (url, context, next) => {
      const match = /node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url);
      if (match) seen.add(match[1] + (url.endsWith('/undici/index.js') ? ' index' : ''));
      return next(url, context);
    } });
    ${source}
    console.log(JSON.stringify([...seen]));`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', report], {
    cwd: import.meta.dirname,
  });
  return JSON.parse(stdout) as string[];
}

describe('an in-cluster client', () => {
  it.each([
    ['undici', 'createUndiciTransport', './undici-transport.ts', ['undici']],
    ['node:https', 'createNodeTransport', './node-transport.ts', []],
  ])('over %s loads of all packages only its core, or none', async (_name, create, file, expected) => {
    const packages = await packagesOf(`
      const { loadKubeConfig } = await import('./config.ts');
      const { createKubeClientOver } = await import('./kube-client-over.ts');
      const { ${create} } = await import('${file}');
      await loadKubeConfig({ env: {} }).catch(() => undefined);
      const config = { server: 'https://127.0.0.1:1', tls: {} };
      const client = createKubeClientOver(${create}, config, { fieldManager: 'x', maxRetries: 0 });
      await client.get({ group: '', version: 'v1', kind: 'Node', plural: 'nodes', namespaced: false }, { name: 'n' }).catch(() => undefined);
    `);
    expect(packages).toEqual(expected);
  });
});

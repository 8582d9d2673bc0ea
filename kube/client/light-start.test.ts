import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Runs a module in a Node of its own and lists the packages it loaded. */
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

describe('start of the plugin process', () => {
  it('loads of all packages only the core of undici for an in-cluster client', async () => {
    const packages = await packagesOf(`
      const { loadKubeConfig } = await import('./config.ts');
      const { createKubeClient } = await import('./http-kube-client.ts');
      await loadKubeConfig({ env: {} }).catch(() => undefined);
      const client = createKubeClient({ server: 'https://127.0.0.1:1', tls: {} }, { fieldManager: 'x', maxRetries: 0 });
      await client.get({ group: '', version: 'v1', kind: 'Node', plural: 'nodes', namespaced: false }, { name: 'n' }).catch(() => undefined);
    `);
    expect(packages).toEqual(['undici']);
  });
});

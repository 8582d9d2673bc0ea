import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { clusterExists, indexFile, loadConfig, networkOf } from './config.ts';

let baseDir: string;

beforeEach(() => {
  baseDir = mkdtempSync(join(tmpdir(), 'dm-'));
});

afterEach(() => {
  rmSync(baseDir, { recursive: true });
});

function existing(name: string, index: string): void {
  mkdirSync(join(baseDir, name));
  writeFileSync(indexFile(join(baseDir, name)), index);
}

describe('loadConfig', () => {
  it('reads name, folder and cache from the environment and treats empty variables as unset', () => {
    const env = {
      CLUSTER_NAME: 'one',
      DATAMOVER_CLUSTER_DIR: baseDir,
      XDG_CACHE_HOME: '/c',
      VELERO_FEATURES: '',
      VELERO_NAMESPACE: 'openshift-adp',
    };
    const config = loadConfig({}, env);
    expect(config).toMatchObject({ name: 'one', dir: join(baseDir, 'one'), cacheDir: '/c/datamover' });
    expect(config.namespace).toBe('openshift-adp');
    expect(loadConfig({}, { ...env, CLUSTER_NAME: '' }).name).toBe('datamover');
  });

  it.each(['', 'Upper', '-a', 'a-', 'a'.repeat(21), 'a/b', '..'])('refuses the name %j', (name) => {
    expect(() => loadConfig({ name, baseDir }, {})).toThrow('CLUSTER_NAME');
  });

  it('refuses a folder whose sockets would be out of reach', () => {
    expect(() => loadConfig({ baseDir: `/${'a'.repeat(60)}` }, {})).toThrow('DATAMOVER_CLUSTER_DIR');
  });

  it('keeps the index of an existing cluster and assigns another one to a new cluster', () => {
    existing('old', '7\n');
    existing('first', '1\n');
    const old = loadConfig({ name: 'old', baseDir }, {});
    expect(old.network.index).toBe(7);
    expect(clusterExists(old)).toBe(true);
    const fresh = loadConfig({ name: 'fresh', baseDir }, {});
    expect([1, 7]).not.toContain(fresh.network.index);
    expect(clusterExists(fresh)).toBe(false);
  });

  it('does not count a folder with an invalid index file as a cluster', () => {
    existing('broken', 'x');
    expect(clusterExists(loadConfig({ name: 'broken', baseDir }, {}))).toBe(false);
  });
});

it('limits link names to the 15 characters of the kernel for the longest cluster name', () => {
  const { hostLink, nodeLink } = networkOf('a'.repeat(20), 199);
  expect(Math.max(hostLink.length, nodeLink.length)).toBeLessThanOrEqual(15);
});

import { readFileSync, globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { crdDefinitions } from '../../api/datamover/v1alpha1/crds.ts';
import { pluginConfig } from '../../api/datamover/v1alpha1/keys.ts';
import { ROOT } from './generated-file.ts';

interface Sample {
  kind: string;
  metadata: { labels?: Record<string, string> };
  spec?: unknown;
  data?: Record<string, string>;
}

const read = (path: string): Sample => parse(readFileSync(path, 'utf8')) as Sample;
const samples = globSync(join(ROOT, 'config/samples/*.yaml')).map(
  (path) => [basename(path), read(path)] as const,
);

describe('config/samples', () => {
  it('shows every kind', () => {
    const kinds = samples.map(([, sample]) => sample.kind);
    expect(kinds).toEqual(expect.arrayContaining(crdDefinitions.map(({ kind }) => kind.kind)));
  });

  it.each(samples.filter(([, { spec }]) => spec !== undefined))('%s fits its schema', (_, sample) => {
    const definition = crdDefinitions.find(({ kind }) => kind.kind === sample.kind);
    expect(definition?.spec.parse(sample.spec)).toMatchObject(sample.spec as object);
  });

  it('turns the plugin on with the labels that the plugin looks for', () => {
    const config = read(join(ROOT, 'config/samples/plugin-config.yaml'));
    expect(Object.keys(config.metadata.labels ?? {})).toEqual([pluginConfig.label, pluginConfig.name]);
    expect(config.data).toEqual({ enable: 'true' });
  });
});

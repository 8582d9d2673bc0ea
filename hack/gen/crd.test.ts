import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { crdDefinitions } from '../../api/datamover/v1alpha1/crds.ts';
import { customResourceDefinition } from './crd.ts';
import { ROOT } from './generated-file.ts';
import type { StructuralSchema } from './structural-schema.ts';

const all = crdDefinitions.map((definition) => [definition.kind.plural, definition] as const);

describe.each(all)('CRD of %s', (plural, definition) => {
  const crd = customResourceDefinition(definition);
  const root = crd.spec.versions[0]!.schema.openAPIV3Schema;

  it('equals its file in config/crd/bases', () => {
    const file = join(ROOT, `config/crd/bases/oadp.openshift.io_${plural}.yaml`);
    expect(parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(JSON.stringify(crd)));
  });

  it('documents every field', () => {
    const undocumented = [...fields(root)]
      .filter(
        ([path, field]) => !/^\.(apiVersion|kind|metadata)$/.test(path) && field.description === undefined,
      )
      .map(([path]) => path);
    expect(undocumented).toEqual([]);
  });

  it('bounds every text and every list, so that rules over them have a bounded cost', () => {
    const unbounded = [...fields(root)]
      .filter(([path]) => !/^\.(apiVersion|kind)$/.test(path))
      .filter(([, { type, maxLength, maxItems, enum: words, format }]) =>
        type === 'string'
          ? maxLength === undefined && words === undefined && format === undefined
          : type === 'array' && maxItems === undefined,
      )
      .map(([path]) => path);
    expect(unbounded).toEqual([]);
  });

  it('is structural: no additionalProperties beside properties, a type on every field', () => {
    for (const [path, field] of fields(root)) {
      expect({ path, type: typeof field.type }).toEqual({ path, type: 'string' });
      expect(field.properties !== undefined && field.additionalProperties !== undefined).toBe(false);
    }
  });
});

/** Yields every field below a schema with its path. */
function* fields(schema: StructuralSchema, path = ''): Generator<[string, StructuralSchema]> {
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    yield [`${path}.${name}`, field];
    yield* fields(field, `${path}.${name}`);
  }
  if (schema.items) yield* fields(schema.items, `${path}[]`);
}

import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { fieldTable } from './field-table.ts';
import { structuralSchema } from './structural-schema.ts';

describe('fieldTable', () => {
  it('lists every field by its path, with type, default and meaning', () => {
    const schema = z.object({
      name: z.string().describe('Its name.'),
      mode: z.enum(['A', 'B']).default('A').describe('Which | what.'),
      limits: z
        .object({ n: z.int().min(1).max(9).default(3).describe('How many.') })
        .prefault({})
        .describe('Limits.'),
      tags: z.array(z.string()).optional().describe('Tags.'),
      labels: z.record(z.string(), z.string()).optional().describe('Labels.'),
      at: z.iso.datetime().optional().describe('When.'),
    });
    expect(fieldTable(structuralSchema(schema)).split('\n')).toEqual([
      '| Field | Type | Default | Meaning |',
      '| --- | --- | --- | --- |',
      '| `name` | string | *required* | Its name. |',
      String.raw`| ${'`mode`'} | ${'`A` \\| `B`'} | ${'`"A"`'} | Which \| what. |`,
      '| `limits` | object |  | Limits. |',
      '| `limits.n` | integer | `3` | How many. From 1 to 9. |',
      '| `tags` | list of string |  | Tags. |',
      '| `labels` | map of string |  | Labels. |',
      '| `at` | time |  | When. |',
    ]);
  });

  it('lists no fields of a deprecated field', () => {
    const fields = z.object({ name: z.string().describe('Its name.') });
    const schema = z.object({
      present: fields.optional().describe('What is recorded.'),
      former: fields.optional().describe('Deprecated: the former name of `present`.'),
    });
    expect(fieldTable(structuralSchema(schema))).toContain('`present.name`');
    expect(fieldTable(structuralSchema(schema))).toContain('`former`');
    expect(fieldTable(structuralSchema(schema))).not.toContain('`former.name`');
  });
});

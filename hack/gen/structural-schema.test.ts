import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { structuralSchema } from './structural-schema.ts';

describe('structuralSchema', () => {
  it('keeps unknown fields without additionalProperties beside properties', () => {
    const schema = z.looseObject({ a: z.string() }).meta({ 'x-kubernetes-preserve-unknown-fields': true });
    expect(structuralSchema(schema)).toEqual({
      type: 'object',
      required: ['a'],
      properties: { a: { type: 'string' } },
      'x-kubernetes-preserve-unknown-fields': true,
    });
    expect(structuralSchema(z.looseObject({}))).toEqual({ type: 'object' });
  });

  it('writes records as maps', () => {
    expect(structuralSchema(z.record(z.string(), z.int()))).toEqual({
      type: 'object',
      additionalProperties: { type: 'integer', format: 'int64' },
    });
  });

  it('writes integers as int64 and keeps their explicit bounds', () => {
    expect(structuralSchema(z.int())).toEqual({ type: 'integer', format: 'int64' });
    expect(structuralSchema(z.int().min(0).max(7))).toEqual({
      type: 'integer',
      format: 'int64',
      minimum: 0,
      maximum: 7,
    });
  });

  it('leaves times to the format', () => {
    expect(structuralSchema(z.iso.datetime())).toEqual({ type: 'string', format: 'date-time' });
  });

  it('includes the defaults of nested objects', () => {
    const schema = z.object({ limits: z.object({ n: z.int().default(3) }).prefault({}) });
    expect(structuralSchema(schema)).toEqual({
      type: 'object',
      properties: {
        limits: {
          type: 'object',
          default: {},
          properties: { n: { type: 'integer', format: 'int64', default: 3 } },
        },
      },
    });
  });

  it('carries rules over and puts what a reader looks for first', () => {
    const rule = { rule: 'self > 0', message: 'no' };
    const schema = structuralSchema(
      z
        .string()
        .max(5)
        .describe('d')
        .meta({ 'x-kubernetes-validations': [rule] }),
    );
    expect(Object.keys(schema)).toEqual(['description', 'type', 'maxLength', 'x-kubernetes-validations']);
    expect(schema['x-kubernetes-validations']).toEqual([rule]);
  });

  it('refuses a type that it cannot express, and names its path', () => {
    const schema = z.object({ a: z.object({ b: z.union([z.string(), z.int()]) }) });
    expect(() => structuralSchema(schema)).toThrow('the schema of .a.b contains anyOf');
    expect(() => structuralSchema(z.object({ d: z.date() }))).toThrow();
  });
});

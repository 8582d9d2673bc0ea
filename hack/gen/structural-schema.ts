import { z } from 'zod';

/** An OpenAPI v3 schema as a CustomResourceDefinition contains it. */
export interface StructuralSchema {
  type?: string;
  description?: string;
  format?: string;
  pattern?: string;
  default?: unknown;
  enum?: readonly unknown[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  maxItems?: number;
  properties?: Record<string, StructuralSchema>;
  required?: readonly string[];
  items?: StructuralSchema;
  additionalProperties?: StructuralSchema | boolean;
  [extension: `x-kubernetes-${string}`]: unknown;
}

/**
 * Returns the structural schema of a zod schema. Removes what zod writes but the API server rejects or does not need:
 * `additionalProperties` beside `properties`, the pattern that repeats the format, and the bounds of a double on integers (which
 * get a 64-bit format instead). Throws if a structural schema cannot express the zod schema.
 */
export function structuralSchema(schema: z.ZodType): StructuralSchema {
  const raw = z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input', unrepresentable: 'throw' });
  return tidy(raw as StructuralSchema, '');
}

const FORBIDDEN = ['oneOf', 'anyOf', 'allOf', 'not', '$ref', 'patternProperties', 'const'];

function tidy(raw: StructuralSchema, path: string): StructuralSchema {
  const forbidden = FORBIDDEN.find((word) => word in raw);
  if (forbidden !== undefined) {
    throw new Error(
      `the schema of ${path || 'the root'} contains ${forbidden}, which the generator does not translate; write it as a CEL rule`,
    );
  }
  const { $schema: _, ...schema } = raw as StructuralSchema & { $schema?: string };
  if (schema.properties !== undefined) {
    delete schema.additionalProperties;
    if (Object.keys(schema.properties).length === 0) delete schema.properties;
    else schema.properties = mapValues(schema.properties, (value, key) => tidy(value, `${path}.${key}`));
  }
  if (typeof schema.additionalProperties === 'object') {
    schema.additionalProperties = tidy(schema.additionalProperties, `${path}.*`);
  }
  if (schema.items !== undefined) schema.items = tidy(schema.items, `${path}[]`);
  if (schema.format === 'date-time') delete schema.pattern;
  return inReadingOrder(schema.type === 'integer' ? wideInteger(schema) : schema);
}

/** The keys that readers look for first; other keys keep their order. */
const FIRST = ['description', 'type', 'format', 'default', 'enum', 'required', 'properties'];

function inReadingOrder(schema: StructuralSchema): StructuralSchema {
  const rank = (key: string): number => (FIRST.includes(key) ? FIRST.indexOf(key) : FIRST.length);
  return Object.fromEntries(Object.entries(schema).sort(([a], [b]) => rank(a) - rank(b)));
}

function wideInteger(schema: StructuralSchema): StructuralSchema {
  const { minimum, maximum, ...rest } = schema;
  return {
    ...rest,
    format: 'int64',
    ...(minimum !== undefined && minimum !== Number.MIN_SAFE_INTEGER && { minimum }),
    ...(maximum !== undefined && maximum !== Number.MAX_SAFE_INTEGER && { maximum }),
  };
}

function mapValues<T>(record: Record<string, T>, f: (value: T, key: string) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, f(value, key)]));
}

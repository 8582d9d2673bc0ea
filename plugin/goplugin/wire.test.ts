import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import schema from '../../proto/schema.json' with { type: 'json' };
import { decode, encode } from './wire.ts';

/** Compares the codec with that of protobufjs, which reads the .proto files itself. */

const protoDir = join(import.meta.dirname, '../../proto');
const root = new protobuf.Root();
root.resolvePath = (_origin, target) =>
  target.startsWith('google/protobuf/') ? target : join(protoDir, target);
root.loadSync(globSync('**/*.proto', { cwd: protoDir }), { keepCase: true }).resolveAll();

const asOurs = { longs: String, enums: String, defaults: true, arrays: true } as const;
const types = Object.keys(schema.messages);

/** Any value of a message; `undefined` means not set. */
function valueOf(type: protobuf.Type): fc.Arbitrary<Record<string, unknown>> {
  return fc.record(
    Object.fromEntries(
      type.fieldsArray.map((field) => {
        const one = fieldValue(field);
        return [field.name, field.repeated ? fc.array(one, { maxLength: 3 }) : one];
      }),
    ),
    { requiredKeys: [] },
  );
}

function fieldValue({ resolvedType, type }: protobuf.Field): fc.Arbitrary<unknown> {
  if (resolvedType instanceof protobuf.Enum) return fc.constantFrom(...Object.keys(resolvedType.values));
  if (resolvedType instanceof protobuf.Type) return valueOf(resolvedType);
  switch (type) {
    case 'string':
      return fc.string({ unit: 'grapheme' });
    case 'bytes':
      return fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
    case 'bool':
      return fc.boolean();
    case 'int64':
      return fc.maxSafeInteger().map(String);
    case 'uint32':
      return fc.nat();
    default:
      return fc.integer();
  }
}

/** Absent messages are null, and bytes are Buffers, as in the generated types. */
function normal(type: protobuf.Type, object: Record<string, unknown>): Record<string, unknown> {
  for (const field of type.fieldsArray) {
    const value = object[field.name] ?? null;
    object[field.name] = value;
    if (field.type === 'bytes') object[field.name] = Buffer.from(value as Uint8Array);
    if (!(field.resolvedType instanceof protobuf.Type)) continue;
    for (const one of (field.repeated ? value : [value]) as (Record<string, unknown> | null)[])
      if (one !== null) normal(field.resolvedType, one);
  }
  return object;
}

describe.each(types)('%s', (name) => {
  const type = root.lookupType(name);

  it('is written so that others read the same', () => {
    fc.assert(
      fc.property(valueOf(type), (value) => {
        const theirs = type.toObject(type.decode(encode(name, value)), asOurs);
        const expected = type.toObject(type.fromObject(value), asOurs);
        expect(normal(type, theirs)).toEqual(normal(type, expected));
      }),
      { numRuns: 30 },
    );
  });

  it('is read as others read it', () => {
    fc.assert(
      fc.property(valueOf(type), (value) => {
        const bytes = Buffer.from(type.encode(type.fromObject(value)).finish());
        const theirs = type.toObject(type.decode(bytes), asOurs);
        expect(decode(name, bytes)).toEqual(normal(type, theirs));
      }),
      { numRuns: 30 },
    );
  });
});

describe('bytes that are something else', () => {
  it('are an error or a message, and nothing worse', () => {
    fc.assert(
      fc.property(fc.constantFrom(...types), fc.uint8Array({ maxLength: 64 }), (type, bytes) => {
        try {
          expect(decode(type, Buffer.from(bytes))).toEqual(expect.any(Object));
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
    );
  });

  it('are skipped if they are fields of a later version of the protocol', () => {
    const known = encode('generated.StackFrame', { file: 'a.ts', line: 7, function: 'f' });
    const later = protobuf.Writer.create()
      .uint32((9 << 3) | 2)
      .string('new')
      .uint32(10 << 3)
      .int32(1)
      .finish();
    expect(decode('generated.StackFrame', Buffer.concat([later, known, later]))).toEqual({
      file: 'a.ts',
      line: 7,
      function: 'f',
    });
  });

  it('that end too early are an error', () => {
    const whole = encode('v2.ExecuteRequest', { plugin: 'x.io/y', item: Buffer.from('{}') });
    expect(() => decode('v2.ExecuteRequest', whole.subarray(0, -1))).toThrow(RangeError);
  });
});

it('an item is a view of the message that brought it', () => {
  const message = encode('v2.ExecuteRequest', { plugin: 'x.io/y', item: Buffer.alloc(1000, 'x') });
  const { item } = decode('v2.ExecuteRequest', message) as { item: Buffer };
  expect(item.buffer).toBe(message.buffer);
});

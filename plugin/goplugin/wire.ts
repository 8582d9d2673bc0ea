import protobuf from 'protobufjs/minimal.js';
import schema from '../../proto/schema.json' with { type: 'json' };

/**
 * Encodes and decodes the messages of the protocol by proto/schema.json. proto-loader would generate code for every message by
 * reflection at each start, and most processes live for two or three calls.
 *
 * Values follow the types in proto/gen: decode sets every field (a missing message is null), enums are names, 64-bit integers are
 * text and exact up to 2^53.
 */

type Message = Record<string, unknown>;
type FieldEntry = readonly [name: string, id: number, type: string, repeated?: true];

/** How values of one type are encoded in a message. */
interface Codec {
  /** 0: a varint. 2: a length, and as many bytes. */
  wireType: 0 | 2;
  read(reader: protobuf.Reader): unknown;
  write(writer: protobuf.Writer, value: never): void;
  /** The value of a missing field. */
  absent(): unknown;
}

interface Field {
  name: string;
  repeated: boolean;
  tag: number;
  codec: Codec;
}

const codecs: Record<string, Codec> = {
  string: {
    wireType: 2,
    read: (reader) => reader.string(),
    write: (writer, value: string) => writer.string(value),
    absent: () => '',
  },
  bytes: {
    wireType: 2,
    // A view of the message, not a copy.
    read: (reader) => reader.bytes(),
    write: (writer, value: Uint8Array) => writer.bytes(value),
    absent: () => Buffer.alloc(0),
  },
  bool: {
    wireType: 0,
    read: (reader) => reader.bool(),
    write: (writer, value: boolean) => writer.bool(value),
    absent: () => false,
  },
  int32: {
    wireType: 0,
    read: (reader) => reader.int32(),
    write: (writer, value: number) => writer.int32(value),
    absent: () => 0,
  },
  uint32: {
    wireType: 0,
    read: (reader) => reader.uint32(),
    write: (writer, value: number) => writer.uint32(value),
    absent: () => 0,
  },
  int64: {
    wireType: 0,
    // A number, or an object of the package `long` if that is installed.
    read: (reader) => String(Number(reader.int64())),
    write: (writer, value: number | string) => writer.int64(Number(value)),
    absent: () => '0',
  },
};

const enums = schema.enums as Record<string, Record<string, number> | undefined>;
const messages = schema.messages as unknown as Record<string, readonly FieldEntry[] | undefined>;
const fields = new Map<string, readonly Field[]>();

export function encode(type: string, message: object): Buffer {
  const writer = protobuf.Writer.create();
  writeFields(writer, fieldsOf(type), message as Message);
  return writer.finish() as Buffer;
}

/**
 * Decodes a message and skips fields that are not in the schema.
 * @throws Error if the bytes are not such a message
 */
export function decode(type: string, bytes: Buffer): object {
  const reader = protobuf.Reader.create(bytes);
  return readFields(reader, fieldsOf(type), reader.len);
}

function writeFields(writer: protobuf.Writer, known: readonly Field[], message: Message): void {
  for (const { name, repeated, tag, codec } of known) {
    const value = message[name];
    if (value === undefined || value === null) continue;
    for (const one of repeated ? (value as unknown[]) : [value])
      codec.write(writer.uint32(tag), one as never);
  }
}

function readFields(reader: protobuf.Reader, known: readonly Field[], end: number): Message {
  const message: Message = {};
  for (const { name, repeated, codec } of known) message[name] = repeated ? [] : codec.absent();
  while (reader.pos < end) {
    const tag = reader.uint32();
    const field = known.find((one) => one.tag === tag);
    if (field === undefined) reader.skipType(tag & 7);
    else if (field.repeated) (message[field.name] as unknown[]).push(field.codec.read(reader));
    else message[field.name] = field.codec.read(reader);
  }
  return message;
}

/** Builds the fields of a message on its first use, because a process handles few messages. */
function fieldsOf(type: string): readonly Field[] {
  let found = fields.get(type);
  if (found === undefined) {
    const entries = messages[type];
    if (entries === undefined) throw new Error(`proto/schema.json has no message ${type}`);
    found = entries.map(([name, id, of, repeated = false]) => {
      const codec = codecOf(of);
      return { name, repeated, tag: (id << 3) | codec.wireType, codec };
    });
    fields.set(type, found);
  }
  return found;
}

function codecOf(type: string): Codec {
  const names = enums[type];
  return (codecs[type] ??= names === undefined ? messageCodec(type) : enumCodec(names));
}

function enumCodec(values: Readonly<Record<string, number>>): Codec {
  const names = Object.keys(values);
  return {
    wireType: 0,
    read(reader) {
      const value = reader.int32();
      return names.find((name) => values[name] === value) ?? value;
    },
    write: (writer, name: string) => writer.int32(values[name] ?? 0),
    absent: () => names[0],
  };
}

function messageCodec(type: string): Codec {
  return {
    wireType: 2,
    read(reader) {
      const length = reader.uint32();
      return readFields(reader, fieldsOf(type), reader.pos + length);
    },
    write(writer, value: Message) {
      writer.fork();
      writeFields(writer, fieldsOf(type), value);
      writer.ldelim();
    },
    absent: () => null,
  };
}

import protobuf from 'protobufjs';

const SCALARS = ['string', 'bytes', 'bool', 'int32', 'uint32', 'int64'];

/** The schema that plugin/goplugin/wire.ts reads: all types of the .proto files by full name, limited to what it supports. */
interface WireSchema {
  /** Message → its fields: name, number, type (a scalar, or the full name of an enum or message), whether repeated. */
  messages: Record<string, [name: string, id: number, type: string, repeated?: true][]>;
  /** Enum → its names by value. */
  enums: Record<string, Record<string, number>>;
  /** Service → method → the full names of its request and response; `stream` lists which of them are streams. */
  services: Record<string, Record<string, Method>>;
}
interface Method {
  request: string;
  response: string;
  requestStream: boolean;
  responseStream: boolean;
}

/**
 * Returns the schema of all types of `root`.
 * @throws Error if a type uses a feature that the codec does not support; add it to the codec first
 */
export function schemaOf(root: protobuf.Root): WireSchema {
  const schema: WireSchema = { messages: {}, enums: {}, services: {} };
  root.resolveAll();
  collect(root, schema);
  return schema;
}

function collect(namespace: protobuf.NamespaceBase, schema: WireSchema): void {
  for (const object of namespace.nestedArray) {
    const name = fullName(object);
    if (object instanceof protobuf.Type) schema.messages[name] = object.fieldsArray.map(fieldOf);
    else if (object instanceof protobuf.Enum) schema.enums[name] = object.values;
    else if (object instanceof protobuf.Service)
      schema.services[name] = Object.fromEntries(object.methodsArray.map(methodOf));
    if (object instanceof protobuf.Namespace) collect(object, schema);
  }
}

function fieldOf(field: protobuf.Field): WireSchema['messages'][string][number] {
  const type = field.resolvedType === null ? field.type : fullName(field.resolvedType);
  const isScalar = field.resolvedType === null;
  const isNumeric = isScalar
    ? !['string', 'bytes'].includes(type)
    : field.resolvedType instanceof protobuf.Enum;
  const isStrange = field.map || field.partOf !== null || (isScalar && !SCALARS.includes(type));
  if (isStrange || (field.repeated && isNumeric))
    throw new Error(`${field.fullName}: plugin/goplugin/wire.ts cannot read and write this kind of field`);
  return field.repeated ? [field.name, field.id, type, true] : [field.name, field.id, type];
}

function methodOf(method: protobuf.Method): [string, Method] {
  const { resolvedRequestType: request, resolvedResponseType: response } = method;
  if (request === null || response === null) throw new Error(`${method.fullName} is not resolved`);
  return [
    method.name,
    {
      request: fullName(request),
      response: fullName(response),
      requestStream: method.requestStream ?? false,
      responseStream: method.responseStream ?? false,
    },
  ];
}

/** Removes the dot with which protobufjs begins full names. */
function fullName({ fullName: name }: protobuf.ReflectionObject): string {
  return name.slice(1);
}

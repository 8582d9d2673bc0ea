import type { INamespace } from 'protobufjs';
import json from '../../proto/descriptor.json' with { type: 'json' };

/** The protocol, as part of the program. TypeScript sees the JSON's strings too widely to know its type. */
export const descriptor = json as unknown as INamespace;

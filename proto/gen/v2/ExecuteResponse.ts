import type { ResourceIdentifier as _generated_ResourceIdentifier, ResourceIdentifier__Output as _generated_ResourceIdentifier__Output } from '../generated/ResourceIdentifier.ts';

export interface ExecuteResponse {
  'item'?: (Buffer | Uint8Array | string);
  'additionalItems'?: (_generated_ResourceIdentifier)[];
  'operationID'?: (string);
  'postOperationItems'?: (_generated_ResourceIdentifier)[];
}

export interface ExecuteResponse__Output {
  'item': (Buffer);
  'additionalItems': (_generated_ResourceIdentifier__Output)[];
  'operationID': (string);
  'postOperationItems': (_generated_ResourceIdentifier__Output)[];
}

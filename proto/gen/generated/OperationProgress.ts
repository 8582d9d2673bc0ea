import type { Timestamp as _google_protobuf_Timestamp, Timestamp__Output as _google_protobuf_Timestamp__Output } from '../google/protobuf/Timestamp.ts';
import type { Long } from '@grpc/proto-loader';

export interface OperationProgress {
  'completed'?: (boolean);
  'err'?: (string);
  'nCompleted'?: (number | string | Long);
  'nTotal'?: (number | string | Long);
  'operationUnits'?: (string);
  'description'?: (string);
  'started'?: (_google_protobuf_Timestamp | null);
  'updated'?: (_google_protobuf_Timestamp | null);
}

export interface OperationProgress__Output {
  'completed': (boolean);
  'err': (string);
  'nCompleted': (string);
  'nTotal': (string);
  'operationUnits': (string);
  'description': (string);
  'started': (_google_protobuf_Timestamp__Output | null);
  'updated': (_google_protobuf_Timestamp__Output | null);
}

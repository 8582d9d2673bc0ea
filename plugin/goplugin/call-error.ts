import { Metadata, status, type ServerErrorResponse } from '@grpc/grpc-js';
import { inspect } from 'node:util';
import { KubeError } from '../../kube/client/kube-error.ts';
import { PluginError } from '../plugin-error.ts';
import { cutText } from './cut-text.ts';
import { framesOf, type LocateSource } from './stack.ts';
import { encodeStatusDetails } from './status-details.ts';

/**
 * Velero stores the text in the backup's log, so it must be readable. It is sent twice in one block of trailers, once with up to
 * three characters per byte, and HTTP/2 libraries reject blocks over 64 KiB.
 */
const MAX_MESSAGE_BYTES = 4096;

/**
 * Converts anything that an action throws to a gRPC error as Velero's Go framework sends it: expected errors (PluginError,
 * KubeError) are UNKNOWN with their message; anything else corresponds to a panic in Go and is ABORTED. Both contain file, line
 * and function.
 */
export function toCallError(thrown: unknown, locate?: LocateSource): ServerErrorResponse {
  const meant = thrown instanceof PluginError || thrown instanceof KubeError;
  const text = textOf(thrown);
  const details = cutText(meant ? text : `plugin panicked: ${text}`, MAX_MESSAGE_BYTES);
  const code = meant ? status.UNKNOWN : status.ABORTED;
  const metadata = new Metadata();
  const frames = framesOf(thrown, locate);
  if (frames.length > 0)
    metadata.set('grpc-status-details-bin', encodeStatusDetails({ code, message: details }, frames));
  return { name: 'CallError', message: details, code, details, metadata };
}

/** Never throws, whatever was thrown. */
function textOf(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown;
  if (!(thrown instanceof Error)) return inspect(thrown);
  // A string only by its type; the thrower may have assigned any value.
  const message: unknown = thrown.message;
  if (typeof message === 'string') return message || thrown.name;
  return inspect(message);
}

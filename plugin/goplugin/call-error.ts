import { Metadata, status, type ServerErrorResponse } from '@grpc/grpc-js';
import { inspect } from 'node:util';
import { KubeError } from '../../kube/client/kube-error.ts';
import { PluginError } from '../plugin-error.ts';
import { cutText } from './cut-text.ts';
import { framesOf, type LocateSource } from './stack.ts';
import { encodeStatusDetails } from './status-details.ts';

/**
 * Velero stores the text in the backup's log: enough to read, not a dump. It travels twice in one block of trailers, once
 * with up to three characters per byte, and HTTP/2 libraries refuse blocks beyond 64 KiB.
 */
const MAX_MESSAGE_BYTES = 4096;

/**
 * Anything thrown by an action as the gRPC error that Velero understands, as its own Go framework would send it: errors
 * that were meant (ours, the API server's) are UNKNOWN with their message; anything else is what Go calls a panic and is
 * ABORTED. Both carry file, line and function.
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
  // Only by its type: anybody may have set it to something else.
  const message: unknown = thrown.message;
  if (typeof message === 'string') return message || thrown.name;
  return inspect(message);
}

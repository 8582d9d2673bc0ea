import { Metadata, status, type ServerErrorResponse } from '@grpc/grpc-js';
import { KubeError } from '../../kube/client/kube-error.ts';
import { PluginError } from '../plugin-error.ts';
import { framesOf, type LocateSource } from './stack.ts';
import { encodeStatusDetails } from './status-details.ts';

/** Trailers share one header block, and Velero stores the text in the backup's log: enough to read, not a dump. */
const MAX_MESSAGE = 4096;

/**
 * Anything thrown by an action as the gRPC error that Velero understands, as its own Go framework would send it: errors
 * that were meant (ours, the API server's) are UNKNOWN with their message; anything else is what Go calls a panic and is
 * ABORTED. Both carry file, line and function.
 */
export function toCallError(thrown: unknown, locate?: LocateSource): ServerErrorResponse {
  const meant = thrown instanceof PluginError || thrown instanceof KubeError;
  const text = thrown instanceof Error ? thrown.message || thrown.name : String(thrown);
  const details = truncate(meant ? text : `plugin panicked: ${text}`);
  const code = meant ? status.UNKNOWN : status.ABORTED;
  const metadata = new Metadata();
  const frames = framesOf(thrown, locate);
  if (frames.length > 0)
    metadata.set('grpc-status-details-bin', encodeStatusDetails({ code, message: details }, frames));
  return { name: 'CallError', message: details, code, details, metadata };
}

function truncate(text: string): string {
  return text.length <= MAX_MESSAGE
    ? text
    : `${text.slice(0, MAX_MESSAGE)}… (${String(text.length)} characters)`;
}

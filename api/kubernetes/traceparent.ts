import { createHash } from 'node:crypto';

/**
 * W3C Trace Context without a library: the plugin starts too often to load one. Ids are hashes of names, so a repeated call
 * gives the same ids.
 */

/** A span that other processes continue. */
export interface TraceParent {
  /** 32 hex digits. */
  traceID: string;
  /** 16 hex digits. */
  spanID: string;
}

/** Returns a span for `work` in the trace of `origin`. */
export function traceParentOf(origin: string, work: string): TraceParent {
  return { traceID: digest(origin).slice(0, 32), spanID: digest(work).slice(0, 16) };
}

/** Returns `00-<trace>-<span>-01`: version 0, sampled. */
export function formatTraceParent({ traceID, spanID }: TraceParent): string {
  return `00-${traceID}-${spanID}-01`;
}

/** Parses a trace parent; returns `undefined` if the text is not a valid one. */
export function parseTraceParent(text: string | undefined): TraceParent | undefined {
  const match = /^[0-9a-f]{2}-(?<traceID>[0-9a-f]{32})-(?<spanID>[0-9a-f]{16})-[0-9a-f]{2}/.exec(text ?? '');
  const { traceID = '', spanID = '' } = match?.groups ?? {};
  return [traceID, spanID].some((id) => /^0*$/.test(id)) ? undefined : { traceID, spanID };
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

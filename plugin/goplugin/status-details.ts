import type { StackFrame } from './stack.ts';
import { encode } from './wire.ts';

const STACK_URL = 'type.googleapis.com/generated.Stack';
const MAX_FRAMES = 10;

/** Encodes the trailer `grpc-status-details-bin`: a google.rpc.Status with Velero's Stack as its detail. */
export function encodeStatusDetails(status: { code: number; message: string }, frames: StackFrame[]): Buffer {
  const value = encode('generated.Stack', { frames: frames.slice(0, MAX_FRAMES) });
  return encode('google.rpc.Status', { ...status, details: [{ type_url: STACK_URL, value }] });
}

import protobuf from 'protobufjs/light.js';
import { descriptor } from './descriptor.ts';
import type { StackFrame } from './stack.ts';

const STACK_URL = 'type.googleapis.com/generated.Stack';
const MAX_FRAMES = 10;

/**
 * The trailer `grpc-status-details-bin`: a google.rpc.Status with Velero's Stack as its detail. Built only when a call
 * fails, so that the path to the handshake does not pay for it.
 */
export function encodeStatusDetails(status: { code: number; message: string }, frames: StackFrame[]): Buffer {
  const root = protobuf.Root.fromJSON(descriptor);
  const stack = root.lookupType('generated.Stack');
  const value = stack.encode(stack.fromObject({ frames: frames.slice(0, MAX_FRAMES) })).finish();
  const type = root.lookupType('google.rpc.Status');
  const message = type.fromObject({ ...status, details: [{ type_url: STACK_URL, value }] });
  return Buffer.from(type.encode(message).finish());
}

import type { StackFrame as _generated_StackFrame, StackFrame__Output as _generated_StackFrame__Output } from '../generated/StackFrame.ts';

export interface Stack {
  'frames'?: (_generated_StackFrame)[];
}

export interface Stack__Output {
  'frames': (_generated_StackFrame__Output)[];
}

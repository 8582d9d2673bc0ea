import { status } from '@grpc/grpc-js';

/** An error with the gRPC code that the CSI standard prescribes for it. */
export class RpcError extends Error {
  readonly code: status;

  constructor(code: status, message: string) {
    super(message);
    this.name = 'RpcError';
    this.code = code;
  }

  /** Converts any value that a handler throws; what is not already an RpcError becomes `INTERNAL`. */
  static from(reason: unknown): RpcError {
    if (reason instanceof RpcError) return reason;
    return new RpcError(status.INTERNAL, reason instanceof Error ? reason.message : String(reason));
  }
}

export const invalidArgument = (message: string): RpcError => new RpcError(status.INVALID_ARGUMENT, message);
export const notFound = (message: string): RpcError => new RpcError(status.NOT_FOUND, message);
export const alreadyExists = (message: string): RpcError => new RpcError(status.ALREADY_EXISTS, message);

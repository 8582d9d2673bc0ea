import type { GRPCBrokerHandlers } from '../../proto/gen/plugin/GRPCBroker.ts';
import type { GRPCStdioHandlers } from '../../proto/gen/plugin/GRPCStdio.ts';

/**
 * Handles two streams that the host opens when it connects. Nothing is ever sent on them, but they stay open: the host warns
 * about a stdio stream that ends, and an open stream prevents its connection from being closed as idle.
 */
export function brokerHandlers(): GRPCBrokerHandlers {
  return {
    StartStream(call) {
      call.on('data', () => undefined);
      call.on('end', () => call.end());
    },
  };
}

export function stdioHandlers(): GRPCStdioHandlers {
  return {
    StreamStdio(call) {
      call.on('cancelled', () => call.end());
    },
  };
}

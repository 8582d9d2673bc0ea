import type { GRPCControllerHandlers } from '../../proto/gen/plugin/GRPCController.ts';

/** Below the two seconds of the host, and far above the time for a response on a busy machine. */
const LAST_RESORT_MS = 1_000;

/**
 * Handles the end of this process. The host waits without limit for the response and then two seconds for the exit, so the
 * response is sent first and `exit` follows immediately.
 */
export function controllerHandlers(exit: () => void): GRPCControllerHandlers {
  return {
    Shutdown(call, callback) {
      // Despite its name this event is emitted when the last frame of the response is queued, and when the host disconnects. The
      // frame is written in the next round of the event loop, so `exit` is called in the round after that.
      call.on('cancelled', () => setImmediate(() => setImmediate(exit)));
      callback(null, {});
      setTimeout(exit, LAST_RESORT_MS).unref();
    },
  };
}

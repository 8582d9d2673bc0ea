import type { GRPCControllerHandlers } from '../../proto/gen/plugin/GRPCController.ts';

/** Below the two seconds of the host, and far above what an answer takes on a machine that is busy. */
const LAST_RESORT_MS = 1_000;

/**
 * How the host ends this process. It waits without limit for the answer and then two seconds for the exit, so the
 * answer goes out first and `exit` follows as soon as the answer has left.
 */
export function controllerHandlers(exit: () => void): GRPCControllerHandlers {
  return {
    Shutdown(call, callback) {
      // Comes, whatever its name, when the last frame of the answer is made, and when the host has hung up. The frame is
      // written in the next round of the event loop, so in the one after that it has left.
      call.on('cancelled', () => setImmediate(() => setImmediate(exit)));
      callback(null, {});
      setTimeout(exit, LAST_RESORT_MS).unref();
    },
  };
}

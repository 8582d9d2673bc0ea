import type { GRPCControllerHandlers } from '../../proto/gen/plugin/GRPCController.ts';

/**
 * How the host ends this process. It waits without limit for the answer and then two seconds for the exit, so the
 * answer goes out first and `exit` follows as soon as the answer has left.
 */
export function controllerHandlers(exit: () => void): GRPCControllerHandlers {
  return {
    Shutdown(call, callback) {
      // The stream closes once the answer is flushed; 'cancelled' comes instead when the host hung up already.
      const leave = (): void => void setImmediate(exit);
      call.on('finish', leave);
      call.on('cancelled', leave);
      callback(null, {});
      setTimeout(exit, 100).unref();
    },
  };
}

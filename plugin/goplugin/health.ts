import { status } from '@grpc/grpc-js';
import type { HealthHandlers } from '../../proto/gen/grpc/health/v1/Health.ts';

/** The service name that go-plugin checks. */
const SERVICE = 'plugin';

/** Always reports healthy: a plugin that responds has no other state. */
export function healthHandlers(): HealthHandlers {
  return {
    Check(call, callback) {
      if (isKnown(call.request.service)) callback(null, { status: 'SERVING' });
      else callback({ code: status.NOT_FOUND, details: `unknown service ${call.request.service}` });
    },
    Watch(call) {
      call.write({ status: isKnown(call.request.service) ? 'SERVING' : 'SERVICE_UNKNOWN' });
      call.on('cancelled', () => call.end());
    },
  };
}

function isKnown(service: string): boolean {
  return service === SERVICE || service === '';
}

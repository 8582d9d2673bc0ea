import type { Logger } from '../../../../../telemetry/log.ts';
import { registrationDefinition, unary } from './services.ts';
import type { BoundService } from './services.ts';

export interface RegistrationOptions {
  driverName: string;
  /** Socket of the Node service, for kubelet. */
  endpoint: string;
  log: Logger;
}

/** Returns the driver's socket to kubelet, which scans its plugins_registry folder for drivers. */
export function registrationService({ driverName, endpoint, log }: RegistrationOptions): BoundService {
  return {
    definition: registrationDefinition,
    implementation: {
      GetInfo: unary(() => ({
        type: 'CSIPlugin',
        name: driverName,
        endpoint,
        supported_versions: ['1.0.0'],
      })),
      NotifyRegistrationStatus: unary((status: { plugin_registered: boolean; error: string }) => {
        if (status.plugin_registered) log.info({ endpoint }, 'registered with kubelet');
        else log.error({ endpoint, reason: status.error }, 'kubelet refused the registration');
        return {};
      }),
    },
  };
}

import type { Logger } from '../../../../../telemetry/log.ts';
import { registrationDefinition, unary } from './services.ts';
import type { BoundService } from './services.ts';

export interface RegistrationOptions {
  driverName: string;
  /** Socket on which kubelet finds the Node service. */
  endpoint: string;
  log: Logger;
}

/** Tells kubelet, which scans its plugins_registry folder, where the driver listens. */
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

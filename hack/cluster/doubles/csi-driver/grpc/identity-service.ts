import { identityDefinition, unary } from './services.ts';
import type { BoundService } from './services.ts';

export interface IdentityOptions {
  name: string;
  version: string;
  /** True when volumes are tied to the node through a topology label. */
  topology: boolean;
}

/** `csi.v1.Identity`: who the driver is. csi-snapshotter insists on a version and on the controller service. */
export function identityService({ name, version, topology }: IdentityOptions): BoundService {
  const types = ['CONTROLLER_SERVICE', ...(topology ? ['VOLUME_ACCESSIBILITY_CONSTRAINTS'] : [])];
  return {
    definition: identityDefinition,
    implementation: {
      GetPluginInfo: unary(() => ({ name, vendor_version: version })),
      GetPluginCapabilities: unary(() => ({ capabilities: types.map((type) => ({ service: { type } })) })),
      Probe: unary(() => ({ ready: { value: true } })),
    },
  };
}

import { identityDefinition, unary } from './services.ts';
import type { BoundService } from './services.ts';

export interface IdentityOptions {
  name: string;
  version: string;
  /** True if a topology label ties volumes to the node. */
  topology: boolean;
}

/** `csi.v1.Identity`: name and capabilities of the driver. csi-snapshotter requires a version and the controller service. */
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

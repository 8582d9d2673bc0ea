import type { PersistentVolume, PersistentVolumeClaim } from '../../api/kubernetes/core.ts';
import { parseQuantity } from '../../api/kubernetes/quantity.ts';

/**
 * Returns why a volume does not meet a claim; `undefined` if it does. Kubernetes does not check this: it binds a claim and a
 * volume that name each other in any case.
 */
export function misfit(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  const has = traitsOf(volume.spec);
  const wants = traitsOf(claim.spec);
  const wrong = (field: string, is: string, asked: string): string =>
    `PersistentVolume ${volume.metadata.name} has ${is}, and spec.${field} of the PersistentVolumeClaim requests ${asked}`;
  if (has.storageClassName !== wants.storageClassName)
    return wrong(
      'storageClassName',
      `storage class "${has.storageClassName}"`,
      `"${wants.storageClassName}"`,
    );
  if (has.volumeMode !== wants.volumeMode)
    return wrong('volumeMode', `volume mode ${has.volumeMode}`, wants.volumeMode);
  const missing = wants.accessModes.filter((mode) => !has.accessModes.includes(mode));
  if (missing.length > 0)
    return wrong('accessModes', `access modes ${has.accessModes.join(', ')}`, missing.join(', '));
  const { storage: size = '0' } = volume.spec.capacity ?? {};
  const { storage: asked = '0' } = claim.spec.resources?.requests ?? {};
  if (parseQuantity(size) < parseQuantity(asked)) return wrong('resources.requests.storage', size, asked);
  return undefined;
}

interface Traits {
  storageClassName: string;
  volumeMode: string;
  accessModes: readonly string[];
}

/** Returns the fields that volumes and claims have in common. */
function traitsOf(spec: Partial<Traits>): Traits {
  const { storageClassName = '', volumeMode = 'Filesystem', accessModes = [] } = spec;
  return { storageClassName, volumeMode, accessModes };
}

import type { PersistentVolume, PersistentVolumeClaim } from '../../api/kubernetes/core.ts';
import { parseQuantity } from '../../api/kubernetes/quantity.ts';

/**
 * Why a volume is not what a claim asks for; `undefined` when it is. Kubernetes does not ask: it binds a claim and a volume
 * that name each other, whatever they are like.
 */
export function misfit(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  const has = traitsOf(volume.spec);
  const wants = traitsOf(claim.spec);
  const wrong = (field: string, is: string, asked: string): string =>
    `PersistentVolume ${volume.metadata.name} has ${is}, and spec.${field} of the PersistentVolumeClaim asks for ${asked}`;
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

/** What volumes and claims say in the same fields. */
function traitsOf(spec: Partial<Traits>): Traits {
  const { storageClassName = '', volumeMode = 'Filesystem', accessModes = [] } = spec;
  return { storageClassName, volumeMode, accessModes };
}

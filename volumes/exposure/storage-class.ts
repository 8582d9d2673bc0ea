import type { VolumeAccess } from '../volume-access.ts';

/** The provisioner of StorageClasses whose volumes an administrator creates by hand. */
const NO_PROVISIONER = 'kubernetes.io/no-provisioner';

/** Returns the class if it can provision volumes; else `undefined`, which means the cluster's default class. */
export function provisionableClass(
  { listers }: Pick<VolumeAccess, 'listers'>,
  name: string | undefined,
): string | undefined {
  const provisioner = listers.storageClasses.get(name ?? '')?.provisioner;
  return provisioner === undefined || provisioner === NO_PROVISIONER ? undefined : name;
}

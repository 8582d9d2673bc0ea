import type { VolumeAccess } from '../volume-access.ts';

/** What StorageClasses name whose volumes an administrator makes by hand. */
const NO_PROVISIONER = 'kubernetes.io/no-provisioner';

/** The class, if it can make new volumes; else `undefined`, for the cluster's default one. */
export function provisionableClass(
  { listers }: Pick<VolumeAccess, 'listers'>,
  name: string | undefined,
): string | undefined {
  const provisioner = listers.storageClasses.get(name ?? '')?.provisioner;
  return provisioner === undefined || provisioner === NO_PROVISIONER ? undefined : name;
}

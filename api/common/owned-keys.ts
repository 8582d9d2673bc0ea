import { DOMAIN, labels, MANAGED_BY } from './keys.ts';

/**
 * Returns the labels and annotations of a PersistentVolume that describe its data, so a restore copies them to the new volume.
 *
 * Those of Kubernetes, Velero, the storage driver and this project describe only that volume: its zone, its provisioner, the
 * claim that it was restored for. On another volume they would be wrong, and some have effects. A user may write records by
 * hand, so a restore filters them with this function too.
 */
export function ownersKeys(
  all: Readonly<Record<string, string>> | undefined,
  driver?: string,
): Record<string, string> {
  const own = Object.entries(all ?? {}).filter(
    ([key, value]) => !isReserved(key, driver) && !isOurMark(key, value) && value.length <= MAX_CARRIED_VALUE,
  );
  return Object.fromEntries(own);
}

/** Characters of a value. Longer values would make records too large to be stored; users do not need them. */
export const MAX_CARRIED_VALUE = 4096;

/** Kubernetes limits all annotations of an object to 256 KiB; the rest is for those that storage writes on the volume. */
export const MAX_CARRIED = 192 * 1024;

/** Reserved domains whose keys users set themselves. */
const FREE = ['app.kubernetes.io'];
const RESERVED = ['kubernetes.io', 'k8s.io', 'velero.io', DOMAIN];

/** Returns true for the label on objects that this project creates for itself. */
function isOurMark(key: string, value: string): boolean {
  return key === labels.managedBy && value === MANAGED_BY;
}

function isReserved(key: string, driver: string | undefined): boolean {
  const slash = key.indexOf('/');
  // Labels without a prefix belong to users.
  if (slash < 0) return false;
  const domain = key.slice(0, slash);
  if (FREE.includes(domain)) return false;
  const owners = driver === undefined ? RESERVED : [...RESERVED, driver];
  return domain.startsWith('topology.') || owners.some((owner) => isWithin(domain, owner));
}

function isWithin(domain: string, owner: string): boolean {
  return domain === owner || domain.endsWith(`.${owner}`);
}

import { installationOfClass, type ClassResolution } from '../../api/datamover/v1alpha1/class-resolution.ts';

/**
 * A cluster may have several installations of Velero with one controller each. The protected namespace of an installation is its
 * name. A request belongs to the installation that already serves it, else to the one in its spec, else to that of its class.
 */
interface Request {
  spec?: unknown;
  status?: { servedBy?: string | undefined } | undefined;
}

/** Returns the installation in the status or the spec of a request, or `undefined` if its class decides. */
export function installationOf({ spec, status }: Request): string | undefined {
  const servedBy = status?.servedBy;
  if (servedBy !== undefined) return servedBy.split('/', 1)[0];
  return (spec as { installation?: string } | undefined)?.installation;
}

/** Returns true if the status or the spec of a request names another installation. */
export function isElsewhere(request: Request, namespace: string): boolean {
  return (installationOf(request) ?? namespace) !== namespace;
}

/** Returns true if a request with a resolved class belongs to this installation. A class without a keeper belongs to all. */
export function isServedHere(request: Request, resolution: ClassResolution, namespace: string): boolean {
  const keeper = resolution.outcome === 'resolved' ? installationOfClass(resolution.class) : undefined;
  return (installationOf(request) ?? keeper ?? namespace) === namespace;
}

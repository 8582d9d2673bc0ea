import { keeperOf, type ClassResolution } from '../../api/datamover/v1alpha1/class-resolution.ts';

/**
 * A cluster may have several installations of Velero with one controller each. The protected namespace of an installation is
 * its name. A request belongs to one of them: to the one that serves it already, else to the one that its spec names, else to
 * that of its class.
 */
interface Request {
  spec?: unknown;
  status?: { servedBy?: string | undefined } | undefined;
}

/** The installation that a request belongs to by its own words; `undefined` if its class decides. */
export function installationOf({ spec, status }: Request): string | undefined {
  const servedBy = status?.servedBy;
  if (servedBy !== undefined) return servedBy.split('/', 1)[0];
  return (spec as { installation?: string } | undefined)?.installation;
}

/** Whether a request belongs to another installation by its own words. */
export function isElsewhere(request: Request, namespace: string): boolean {
  return (installationOf(request) ?? namespace) !== namespace;
}

/** Whether a request belongs to this installation, now that its class is known. A class without a keeper is for all. */
export function isServedHere(request: Request, resolution: ClassResolution, namespace: string): boolean {
  const keeper = resolution.outcome === 'resolved' ? keeperOf(resolution.class) : undefined;
  return (installationOf(request) ?? keeper ?? namespace) === namespace;
}

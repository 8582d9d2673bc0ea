import { replicationSources } from '../../api/volsync/v1alpha1.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { isNotFound } from '../../kube/client/kube-error.ts';
import { leases, type Lease } from '../../kube/runtime/lease.ts';
import type { Finding, MoverOutcome } from '../mover.ts';

/** Lease for leader election of VolSync's managers, in the namespace where VolSync is installed. */
const MANAGER_LEASE = 'b95b3104.backube';

/** Tolerance for clocks of different machines, milliseconds. */
const TOLERANCE_MS = 30_000;

const NOT_SERVING = 'EngineNotServing';

export interface EngineCheckOptions {
  client: KubeClient;
  /** The protected namespace. */
  namespace: string;
  now: () => Date;
}

/**
 * Reports whether VolSync is installed and running. Its namespace and the name of its Deployment depend on the installation; the
 * name of its Lease does not, and only a running manager renews a Lease.
 */
export async function checkEngine(options: EngineCheckOptions, signal: AbortSignal): Promise<Finding> {
  if (!(await isInstalled(options, signal))) {
    const message = 'VolSync is not installed: the kind ReplicationSource does not exist; install VolSync';
    return { status: 'False', reason: 'EngineMissing', message };
  }
  return findingFromLeases(await leasesOf(options, signal), options.now());
}

/** Returns the failure of a transfer if VolSync is not installed. */
export function notInstalled(kind: string): MoverOutcome<never> {
  const message = `VolSync is not installed: the kind ${kind} does not exist; install VolSync, or choose a DataMoverClass of another mover`;
  return { state: 'Failed', reason: 'MoverFailed', message };
}

export async function isInstalled(
  { client, namespace }: Pick<EngineCheckOptions, 'client' | 'namespace'>,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await client.listPage(replicationSources, { namespace, pageSize: 1, resourceVersion: '0', signal });
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

async function leasesOf({ client }: EngineCheckOptions, signal: AbortSignal): Promise<Lease[]> {
  return Array.fromAsync(client.list(leases, { fieldSelector: `metadata.name=${MANAGER_LEASE}`, signal }));
}

function findingFromLeases(found: Lease[], now: Date): Finding {
  const newest = found.sort((a, b) => renewedAt(b) - renewedAt(a))[0];
  if (newest === undefined) {
    return {
      status: 'Unknown',
      reason: 'NoLease',
      message: `VolSync is installed, but it is unknown whether it runs: Lease ${MANAGER_LEASE} does not exist, which its manager creates when it starts with --leader-elect`,
    };
  }
  const where = `Lease ${newest.metadata.namespace ?? ''}/${MANAGER_LEASE}`;
  const remedy = "check the pods of VolSync's manager";
  const { holderIdentity, leaseDurationSeconds = 0, renewTime = 'never' } = newest.spec ?? {};
  if (holderIdentity === undefined || holderIdentity === null || holderIdentity === '') {
    const message = `VolSync's manager has ended: ${where} has no holder; ${remedy}`;
    return { status: 'False', reason: NOT_SERVING, message };
  }
  if (renewedAt(newest) + leaseDurationSeconds * 1000 + TOLERANCE_MS < now.getTime()) {
    const message = `VolSync's manager is silent: it last renewed ${where} at ${renewTime}; ${remedy}`;
    return { status: 'False', reason: NOT_SERVING, message };
  }
  return { status: 'True', reason: 'EngineServes', message: `VolSync's manager holds ${where}` };
}

function renewedAt({ spec }: Lease): number {
  const time = Date.parse(spec?.renewTime ?? '');
  return Number.isNaN(time) ? 0 : time;
}

import type { Resource } from '../../../api/kubernetes/meta.ts';
import { waitUntil } from '../../../hack/cluster/wait.ts';
import type { TestCluster } from './cluster.ts';

interface Event extends Resource {
  reason: string;
  note?: string;
  reportingController?: string;
  regarding?: { kind: string; namespace?: string; name: string };
}

/** Returns the data mover's Events in one namespace as `Kind/name: reason`. */
export async function eventsIn({ listAny }: TestCluster, namespace: string): Promise<string[]> {
  const events = (await listAny('events.events.k8s.io', namespace)) as Event[];
  return events
    .filter(({ reportingController = '' }) => reportingController.includes('datamover'))
    .map(({ regarding, reason }) => `${regarding?.kind ?? ''}/${regarding?.name ?? ''}: ${reason}`);
}

/** Waits for Events: they are sent asynchronously to the work. */
export async function untilEvents(
  test: TestCluster,
  namespace: string,
  expected: readonly string[],
): Promise<void> {
  let missing: readonly string[] = expected;
  let seen: string[] = [];
  const look = async (): Promise<boolean> => {
    seen = await eventsIn(test, namespace);
    missing = expected.filter((one) => !seen.includes(one));
    return missing.length === 0;
  };
  await waitUntil(`Events in namespace ${namespace}`, look, { timeoutMs: 60_000 }).catch((cause: unknown) => {
    const said = `missing: ${missing.join(', ')}; there are: ${seen.join(', ')}`;
    throw new Error(`Events in namespace ${namespace}: ${said}`, { cause });
  });
}

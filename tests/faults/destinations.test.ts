import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  persistentVolumeClaims,
  persistentVolumes,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from '../../api/kubernetes/core.ts';
import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import type { DataMoverClass } from '../../api/datamover/v1alpha1/data-mover-class.ts';
import type { DataMoverRestore } from '../../api/datamover/v1alpha1/data-mover-restore.ts';
import { dataMoverClasses, dataMoverRestores } from '../../api/datamover/v1alpha1/kinds.ts';
import { until, untilGone } from '../e2e/support/wait.ts';
import { DRIVER } from './actors.ts';
import type { Call } from './intercept.ts';
import { startApiServerFixture, type ApiServerFixture } from './api-server-fixture.ts';
import { StoryHarness } from './story-harness.ts';

/** Unusual destinations of restores, on a real API server with Kubernetes' own binding of volumes. */

interface ResourceQuota extends Resource {
  spec: { hard: Record<string, string> };
  status?: { hard: Record<string, string>; used: Record<string, string> };
}
const quotas: Kind<ResourceQuota> = {
  group: '',
  version: 'v1',
  kind: 'ResourceQuota',
  plural: 'resourcequotas',
  namespaced: true,
};

/** Longer than each wait of a story, whose error names what it waited for. */
const LONGEST_MS = 4 * 60_000;

type Spec = PersistentVolumeClaim['spec'];

const SPEC: Spec = {
  accessModes: ['ReadWriteOnce'],
  storageClassName: 'fast',
  resources: { requests: { storage: '5Gi' } },
  selector: { matchLabels: { app: 'shop' } },
};

let apiServer: ApiServerFixture;
let harness: StoryHarness;
let before: string[];

beforeAll(async () => {
  apiServer = await startApiServerFixture();
  const spec = { mover: 'VolSync', deadlines: { stagingSeconds: 5 } };
  await apiServer.client.create(dataMoverClasses, {
    apiVersion: 'oadp.openshift.io/v1alpha1',
    kind: 'DataMoverClass',
    metadata: { name: 'hasty' },
    spec,
  } as unknown as DataMoverClass);
}, LONGEST_MS);
afterAll(() => apiServer.stop(), LONGEST_MS);

interface How {
  /** Spec of the destination. */
  spec?: Partial<Spec>;
  dataMoverClass?: string;
  /** Called after every call of the controller. */
  after?: (call: Call) => Promise<void>;
}

/** Restores 5 GiB into a claim `restored`. */
async function restore({ spec, dataMoverClass = 'volsync', after }: How = {}): Promise<
  NonNullable<DataMoverRestore['status']>
> {
  const [result] = harness.addRepository('precious');
  await addDestination(spec);
  await harness.until('the destination is there', () => harness.claim(destination()) !== undefined);
  before = harness.inventory();
  const key = { namespace: harness.app, name: 'r1' };
  const current = () => harness.feed.get(dataMoverRestores, key);
  const volume = {
    pvcName: 'data',
    namespace: harness.app,
    accessModes: ['ReadWriteOnce'],
    volumeMode: 'Filesystem' as const,
    capacity: '5Gi',
  };
  await harness.create(dataMoverRestores, {
    metadata: key,
    spec: {
      dataMoverClass,
      destinationClaimRef: { name: 'restored' },
      source: { backupName: 'b1', backupNamespace: harness.app, result: result!, volume },
    },
  });
  const process = harness.boot(() => async (call, act) => {
    const done = await act();
    await after?.(call);
    return done;
  });
  await process.warm;
  process.lead();
  await harness.until('the end', () => current()?.status?.completionTimestamp !== undefined);
  return current()!.status!;
}

const destination = () => ({ namespace: harness.app, name: 'restored' });

async function addDestination(spec: Partial<Spec> = {}): Promise<void> {
  const claim = { metadata: destination(), spec: { ...SPEC, ...spec } };
  await harness.create<PersistentVolumeClaim>(persistentVolumeClaims, claim);
}

/** Acts right after the staging claim was deleted, during the hand-over of the volume. */
function onTheWay(act: () => Promise<void>): (call: Call) => Promise<void> {
  let isOver = false;
  return async ({ verb, text }) => {
    if (isOver || verb !== 'delete' || !text.includes(`PersistentVolumeClaim ${harness.protected}/dmr-`))
      return;
    isOver = true;
    await act();
  };
}

async function expected(tell: () => Promise<void>): Promise<void> {
  harness = new StoryHarness(apiServer);
  try {
    await harness.setUp();
    await tell();
  } catch (error) {
    throw new Error(`${String(error)}\n${harness.describe()}`, { cause: error });
  } finally {
    await harness.stop();
  }
}

describe('a destination', () => {
  it(
    'with a selector of several terms gets a matching volume with the data',
    () =>
      expected(async () => {
        const matchExpressions = [{ key: 'tier', operator: 'In' as const, values: ['gold'] }];
        const selector = { matchLabels: { app: 'shop' }, matchExpressions };
        expect(await restore({ spec: { selector } })).toMatchObject({ phase: 'Completed' });
        expect(harness.read(destination())).toBe('precious');
        await harness.until('the claim knows', () => harness.claim(destination())?.status?.phase === 'Bound');
        expect(harness.claim(destination())?.status?.capacity).toEqual({ storage: '5Gi' });
        expect(harness.volumeOf(destination())?.metadata.labels).toMatchObject({ app: 'shop' });
      }),
    LONGEST_MS,
  );

  it(
    'that requests less than the size in a handwritten record gets no volume',
    () =>
      expected(async () => {
        const ended = await restore({ spec: { resources: { requests: { storage: '2Gi' } } } });
        expect(ended).toMatchObject({
          phase: 'Failed',
          failure: {
            reason: 'DestinationMismatch',
            message: expect.stringMatching(/^spec\.source\.volume\.capacity is 5Gi, more than the 2Gi of/),
          },
        });
        expect(harness.inventory()).toEqual(before);
      }),
    LONGEST_MS,
  );

  it(
    'fails at the deadline if a quota of the protected namespace forbids the staging claim',
    () =>
      expected(async () => {
        const hard = { persistentvolumeclaims: '0' };
        const key = { namespace: harness.protected, name: 'full' };
        await harness.create(quotas, { metadata: key, spec: { hard } });
        const status = { hard, used: hard };
        await apiServer.client.mergePatch(quotas, key, { status }, { subresource: 'status' });
        const { phase, failure } = await restore({ dataMoverClass: 'hasty' });
        expect({ phase, reason: failure?.reason }).toEqual({ phase: 'Failed', reason: 'DeadlineExceeded' });
        expect(failure?.message).toMatch(
          /not allowed for 5 s: .*exceeded quota: full, .*persistentvolumeclaims/,
        );
        expect(harness.inventory()).toEqual(before);
      }),
    LONGEST_MS,
  );

  it(
    'that is deleted and created again while its volume is on its way does not get it',
    () =>
      expected(async () => {
        const again = onTheWay(async () => {
          await apiServer.client.delete(persistentVolumeClaims, destination());
          await untilGone(apiServer.client, persistentVolumeClaims, destination());
          await addDestination();
        });
        const { failure } = await restore({ after: again });
        expect(failure?.reason).toBe('DestinationNotFound');
        expect(failure?.message).toContain(`PersistentVolumeClaim ${harness.app}/restored was deleted`);
        await harness.until('nothing else is left', () => String(harness.inventory()) === String(before));
        expect(harness.claim(destination())?.status?.phase).toBe('Pending');
      }),
    LONGEST_MS,
  );

  it(
    'that is bound to another volume while its own is on its way keeps that one',
    () =>
      expected(async () => {
        const other = `other-${harness.app}`;
        const bindOther = onTheWay(async () => {
          const { metadata } = harness.claim(destination())!;
          await harness.create<PersistentVolume>(persistentVolumes, {
            metadata: { name: other },
            spec: {
              accessModes: ['ReadWriteOnce'],
              capacity: { storage: '2Gi' },
              storageClassName: 'fast',
              persistentVolumeReclaimPolicy: 'Retain',
              claimRef: { namespace: harness.app, name: metadata.name, uid: metadata.uid! },
              csi: { driver: DRIVER, volumeHandle: other },
            },
          });
          await apiServer.client.mergePatch(persistentVolumeClaims, destination(), {
            spec: { volumeName: other },
          });
          await until(apiServer.client, persistentVolumeClaims, destination(), {
            to: 'to be bound',
            when: ({ status }) => status?.phase === 'Bound',
          });
        });
        const { failure } = await restore({ after: bindOther });
        expect(failure?.reason).toBe('DestinationBound');
        expect(failure?.message).toContain(
          `restored was bound to PersistentVolume ${other} by another party`,
        );
        const expected = [...before, `PersistentVolume ${other}`].sort();
        await harness.until('nothing else is left', () => String(harness.inventory()) === String(expected));
        expect(harness.volumeOf(destination())?.metadata.name).toBe(other);
      }),
    LONGEST_MS,
  );
});

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  configMaps,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  volumeAttachments,
  type PersistentVolumeClaim,
  type Pod,
} from '../../api/kubernetes/core.ts';
import type { OwnerReference } from '../../api/kubernetes/meta.ts';
import type { DataMoverRestore } from '../../api/datamover/v1alpha1/data-mover-restore.ts';
import { annotations } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverRestores } from '../../api/datamover/v1alpha1/kinds.ts';
import { KubeError } from '../../kube/client/kube-error.ts';
import { APP, ControllerHarness } from '../fakes/cluster/controller-harness.ts';

/** Restores into a claim that holds data, if the request allows that. */

const CLAIM = { namespace: APP, name: 'restored' };
const RESTORE = { namespace: APP, name: 'r1' };

let harness: ControllerHarness;
let source: NonNullable<DataMoverRestore['spec']['source']>;
/** The claim and its volume before the restore. */
let former: { claim: PersistentVolumeClaim; volume: string };
let before: string[];
let owner: OwnerReference;

const claim = (): PersistentVolumeClaim | undefined => harness.kube.peek(persistentVolumeClaims, CLAIM);
const volumeNamed = (name = '') => harness.kube.peek(persistentVolumes, { name });
const status = () => harness.restore()!.status!;

beforeEach(async () => {
  harness = new ControllerHarness();
  [source] = harness.addRepository('restored data') as [typeof source];
  harness.addClass((object) =>
    Object.assign(object.spec, { deadlines: { destinationSeconds: 60, handOverSeconds: 60 } }),
  );
  const { uid = '' } = harness.kube.seed(configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: APP, name: 'owner' },
  }).metadata;
  owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid };
  await harness.addSource('restored', 'former data', ({ metadata, spec }) => {
    metadata.labels = { app: 'shop' };
    metadata.annotations = { note: 'mine', 'volume.kubernetes.io/selected-node': 'node-1' };
    metadata.ownerReferences = [{ ...owner, blockOwnerDeletion: true }];
    spec.resources = { requests: { storage: '2Gi' } };
  });
  former = { claim: claim()!, volume: claim()!.spec.volumeName! };
});

afterEach(() => harness.stop());

async function begin(change: (restore: DataMoverRestore) => void = () => undefined): Promise<void> {
  await harness.quiesce();
  before = harness.inventory();
  await harness.start();
  harness.addRestore('r1', (restore) => {
    restore.spec.source = source;
    restore.spec.existingClaimPolicy = 'Overwrite';
    change(restore);
  });
}

async function end(limitMs?: number) {
  await harness.until(() => harness.restore()?.status?.completionTimestamp !== undefined, limitMs);
  await harness.advance(3_000);
  return status();
}

async function reach(phase: string): Promise<void> {
  await harness.until(() => harness.restore()?.status?.phase === phase);
}

function addPod(name: string, change: (pod: Pod) => void = () => undefined): void {
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: APP, name },
    spec: {
      nodeName: 'node-1',
      containers: [{ name: 'app' }],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'restored' } }],
    },
    status: { phase: 'Running' },
  };
  change(pod);
  harness.kube.seed(pods, pod);
}

/** Expects that nothing has changed, including the claim. */
function expectUntouched(): void {
  expect(harness.inventory()).toEqual(before);
  expect(claim()?.metadata).toMatchObject({ uid: former.claim.metadata.uid, labels: { app: 'shop' } });
  expect(claim()?.metadata.annotations).toEqual(former.claim.metadata.annotations);
  expectFormerData();
}

function expectFormerData(): void {
  expect(claim()).toMatchObject({ status: { phase: 'Bound' }, spec: { volumeName: former.volume } });
  expect(harness.read(CLAIM)).toBe('former data');
  const volume = volumeNamed(former.volume);
  expect(volume?.metadata.annotations).not.toHaveProperty([annotations.setAside]);
  expect(volume?.spec.persistentVolumeReclaimPolicy).toBe('Delete');
  expect(volume?.spec.claimRef?.uid).toBe(claim()?.metadata.uid);
}

describe('a claim with data', () => {
  it('is replaced by one that is the same but for its volume', async () => {
    await begin();
    expect(await end()).toMatchObject({
      phase: 'Completed',
      replaces: { persistentVolume: former.volume, reclaimPolicy: 'Delete', outcome: 'Released' },
    });
    expect(harness.read(CLAIM)).toBe('restored data');
    const { metadata, spec } = claim()!;
    expect(metadata.uid).not.toBe(former.claim.metadata.uid);
    expect(metadata.labels).toEqual({ app: 'shop' });
    expect(metadata.annotations).toEqual({ note: 'mine' });
    expect(metadata.ownerReferences).toEqual([owner]);
    expect(spec).toEqual({ ...former.claim.spec, volumeName: status().handOver?.persistentVolume });
  });

  it('leaves nothing behind', async () => {
    await begin();
    await end();
    const { volumeName = '' } = claim()!.spec;
    const after = before.filter((line) => !line.includes(former.volume.replace('pvc-', '')));
    const own = [`PersistentVolume ${volumeName}`, `storage ${harness.handleOf(CLAIM)}`];
    expect(harness.inventory()).toEqual([...after, ...own].sort());
  });

  it('keeps its former volume if the reclaim policy of that is Retain', async () => {
    harness.kube.edit(persistentVolumes, { name: former.volume }, ({ spec }) => {
      spec.persistentVolumeReclaimPolicy = 'Retain';
    });
    await begin();
    expect(await end()).toMatchObject({ phase: 'Completed', replaces: { reclaimPolicy: 'Retain' } });
    const volume = volumeNamed(former.volume);
    expect(volume).toMatchObject({ status: { phase: 'Released' } });
    expect(volume?.metadata.annotations).not.toHaveProperty([annotations.setAside]);
    expect(harness.cluster.state.disks.get(volume?.spec.csi?.volumeHandle ?? '')).toBe('former data');
  });

  it('is out of use from before the data is moved', async () => {
    harness.cluster.hold('volsync');
    await begin();
    await reach('Moving');
    expect(claim()?.status?.phase).toBe('Lost');
    expect(volumeNamed(former.volume)?.spec.persistentVolumeReclaimPolicy).toBe('Retain');
    expect(status().replaces?.setAsideAt).toBeDefined();
    expect(claim()?.metadata.annotations).toMatchObject({ [annotations.replacedBy]: 'app/r1' });
  });

  it('gets a volume as large as the one that it had', async () => {
    harness.kube.edit(persistentVolumeClaims, CLAIM, (object) => {
      object.status = { ...object.status, capacity: { storage: '9Gi' } };
    });
    await begin();
    await end();
    expect(volumeNamed(claim()?.spec.volumeName)?.spec.capacity).toEqual({ storage: '9Gi' });
  });

  it('is not changed if the restore does not allow Overwrite', async () => {
    await begin(({ spec }) => (spec.existingClaimPolicy = 'Fail'));
    const { failure } = await end();
    expect(failure?.reason).toBe('DestinationBound');
    expect(failure?.message).toContain('unless spec.existingClaimPolicy is Overwrite');
    expectUntouched();
  });

  it('is replaced by a claim with the labels that it had at the end', async () => {
    harness.cluster.hold('volsync');
    await begin();
    await reach('Moving');
    harness.kube.edit(persistentVolumeClaims, CLAIM, ({ metadata }) => {
      metadata.labels = { app: 'shop', late: 'yes' };
    });
    harness.cluster.release('volsync');
    await end();
    expect(claim()?.metadata.labels).toEqual({ app: 'shop', late: 'yes' });
  });
});

describe('a claim that has no volume yet', () => {
  it('is filled as ever', async () => {
    harness.kube.remove(persistentVolumeClaims, CLAIM);
    await harness.quiesce();
    harness.addDestination();
    await begin();
    expect(await end()).toMatchObject({ phase: 'Completed' });
    expect(status().replaces).toBeUndefined();
    expect(harness.read(CLAIM)).toBe('restored data');
  });
});

describe('a claim in use', () => {
  const uses: [string, string, () => void][] = [
    ['a pod', 'used by pod busy', () => addPod('busy')],
    ['two pods', 'used by pod busy, idle', () => ['busy', 'idle'].forEach((name) => addPod(name))],
    [
      'a node',
      `is attached to node node-1`,
      () =>
        void harness.kube.seed(volumeAttachments, {
          apiVersion: 'storage.k8s.io/v1',
          kind: 'VolumeAttachment',
          metadata: { name: 'va' },
          spec: { nodeName: 'node-1', source: { persistentVolumeName: former.volume } },
        }),
    ],
    [
      'a snapshot in the making',
      'held by finalizer snapshot.storage.kubernetes.io/pvc-as-source-protection',
      () =>
        void harness.kube.edit(persistentVolumeClaims, CLAIM, ({ metadata }) =>
          metadata.finalizers?.push('snapshot.storage.kubernetes.io/pvc-as-source-protection'),
        ),
    ],
  ];

  it.each(uses)('by %s is left alone, with the reason', async (_, text, use) => {
    use();
    await begin();
    await harness.advance(10_000);
    expect(status().message).toContain(text);
    const { phase, failure } = await end();
    expect({ phase, reason: failure?.reason }).toEqual({ phase: 'Failed', reason: 'DestinationInUse' });
    expect(failure?.message).toContain(`PersistentVolumeClaim app/restored cannot be overwritten while`);
    expect(failure?.message).toContain(text);
    expect(harness.cluster.state.started).toEqual([]);
    expectUntouched();
  });

  it('is replaced once it is used no more', async () => {
    addPod('busy');
    await begin();
    await harness.advance(10_000);
    harness.kube.remove(pods, { namespace: APP, name: 'busy' });
    expect(await end()).toMatchObject({ phase: 'Completed' });
    expect(harness.read(CLAIM)).toBe('restored data');
  });

  it.each<[string, (pod: Pod) => void]>([
    ['has ended', (pod) => (pod.status = { phase: 'Succeeded' })],
    [
      'has no node',
      (pod) => {
        delete pod.spec.nodeName;
        pod.status = { phase: 'Pending' };
      },
    ],
    ['uses another claim', (pod) => (pod.spec.volumes = [])],
  ])('is not one whose pod %s', async (_, change) => {
    addPod('idle', change);
    await begin();
    expect(await end()).toMatchObject({ phase: 'Completed' });
  });

  it('by a pod that was created at the last moment keeps its data, and the restore fails', async () => {
    await begin();
    harness.kube.after = ({ verb, kind }) => {
      if (verb === 'mergePatch' && kind === persistentVolumes && harness.kube.peekAll(pods).length === 0)
        addPod('quick');
    };
    const { failure } = await end();
    expect(failure?.reason).toBe('DestinationInUse');
    expect(failure?.message).toContain('pod quick');
    expect(harness.cluster.state.started).toEqual([]);
    expect(claim()?.metadata.uid).toBe(former.claim.metadata.uid);
    expectFormerData();
  });

  it('by a pod that got a node while the data was moved waits for that pod to go', async () => {
    harness.cluster.hold('volsync');
    await begin();
    await reach('Moving');
    addPod('stuck', (pod) => (pod.status = { phase: 'Pending' }));
    harness.cluster.release('volsync');
    await reach('HandingOver');
    await harness.advance(10_000);
    expect(status().message).toContain('used by pod stuck');
    expect(claim()?.metadata.uid).toBe(former.claim.metadata.uid);
    harness.kube.remove(pods, { namespace: APP, name: 'stuck' });
    expect(await end()).toMatchObject({ phase: 'Completed' });
    expect(harness.read(CLAIM)).toBe('restored data');
  });
});

describe('a restore that fails leaves the former data as they were:', () => {
  it.each<[string, string, () => void]>([
    [
      'at a wrong password',
      'WrongPassword',
      () => (harness.cluster.state.script = () => ({ end: 'failed', lines: ['Fatal: incorrect password'] })),
    ],
    [
      'at another snapshot',
      'SnapshotMismatch',
      () =>
        (harness.cluster.state.script = () => ({
          end: 'succeeded',
          lines: ['restoring snapshot 99999999 of [/data] at 2026-01-01 00:00:00 by @volsync to .'],
        })),
    ],
  ])('%s', async (_, reason, prepare) => {
    prepare();
    await begin();
    const { failure, replaces } = await end();
    expect(failure?.reason).toBe(reason);
    expect(replaces?.outcome).toBe('RolledBack');
    expectUntouched();
  });

  it('when it is canceled', async () => {
    harness.cluster.hold('volsync');
    await begin();
    await reach('Moving');
    harness.kube.edit(dataMoverRestores, RESTORE, ({ spec }) => (spec.cancel = true));
    expect(await end()).toMatchObject({ phase: 'Canceled', replaces: { outcome: 'RolledBack' } });
    expectUntouched();
  });

  it('when it is deleted', async () => {
    harness.cluster.hold('volsync');
    await begin();
    await reach('Moving');
    await harness.kube.client().delete(dataMoverRestores, RESTORE);
    await harness.until(() => harness.restore() === undefined);
    expectUntouched();
  });

  it('when a pod keeps the claim', async () => {
    harness.cluster.hold('volsync');
    await begin();
    await reach('Moving');
    addPod('stuck', (pod) => (pod.status = { phase: 'Pending' }));
    harness.cluster.release('volsync');
    const { failure } = await end();
    expect(failure?.message).toContain('no hand-over within 60 s');
    expect(failure?.message).toContain('pod stuck');
    expect(claim()?.metadata.uid).toBe(former.claim.metadata.uid);
    expectFormerData();
  });

  it('when a quota delays the re-creation of the claim', async () => {
    await begin();
    harness.kube.before = ({ verb, kind, key }) => {
      if (verb === 'create' && kind === persistentVolumeClaims && key?.namespace === APP)
        throw new KubeError({ code: 403, reason: 'Forbidden', message: 'exceeded quota: claims' });
    };
    await harness.until(() => harness.restore()?.status?.failure !== undefined, 3_600_000);
    expect(status().failure?.message).toContain('exceeded quota: claims');
    expect(volumeNamed(former.volume)?.spec.persistentVolumeReclaimPolicy).toBe('Retain');
    harness.kube.restart();
    await end();
    expect(claim()?.metadata).toMatchObject({ labels: { app: 'shop' }, annotations: { note: 'mine' } });
    expectFormerData();
    expect(harness.inventory()).toEqual(before);
  });

  it('when the claim that has the restored volume is never bound', async () => {
    harness.cluster.hold('volsync');
    await begin();
    await reach('Moving');
    harness.cluster.holdFor('restored', 'bind');
    harness.cluster.release('volsync');
    await harness.until(() => harness.restore()?.status?.failure !== undefined);
    harness.cluster.release('bind');
    const { phase, replaces } = await end();
    expect(phase).toBe('Failed');
    // The claim has the restored volume after all; the former volume is not deleted after a failure.
    expect(replaces?.outcome).toBe('Kept');
    expect(harness.read(CLAIM)).toBe('restored data');
    expect(volumeNamed(former.volume)?.spec.persistentVolumeReclaimPolicy).toBe('Retain');
    expect(volumeNamed(former.volume)?.metadata.annotations).toHaveProperty([annotations.setAside]);
  });

  it('on the former volume when another client has created a claim of that name', async () => {
    await begin();
    harness.kube.before = ({ verb, kind, key }) => {
      if (verb === 'create' && kind === persistentVolumeClaims && key?.namespace === APP && !claim())
        harness.addClaim('restored');
    };
    const { failure, replaces } = await end();
    expect(failure?.reason).toBe('DestinationBound');
    expect(failure?.message).toContain(`its former volume ${former.volume} is kept`);
    expect(replaces?.outcome).toBe('Kept');
    const volume = volumeNamed(former.volume);
    expect(volume?.spec.persistentVolumeReclaimPolicy).toBe('Retain');
    expect(harness.cluster.state.disks.get(volume?.spec.csi?.volumeHandle ?? '')).toBe('former data');
    expect(harness.read(CLAIM)).toBe('');
  });
});

describe('a controller without the rights to overwrite', () => {
  it('reports the missing rights before it changes anything', async () => {
    await begin(() => {
      harness.kube.before = ({ verb, kind }) => {
        if (verb === 'list' && kind === pods)
          throw new KubeError({ code: 403, reason: 'Forbidden', message: 'pods is forbidden' });
      };
    });
    const { failure } = await end();
    expect(failure?.reason).toBe('Forbidden');
    expect(failure?.message).toContain('apply config/overwrite: pods is forbidden');
    expectUntouched();
  });
});

describe('a claim that its owner deletes', () => {
  it('during the transfer is deleted with its volume, as without a restore', async () => {
    harness.cluster.hold('volsync');
    await begin();
    await reach('Moving');
    harness.kube.remove(persistentVolumeClaims, CLAIM);
    expect(await end()).toMatchObject({ phase: 'Failed', failure: { reason: 'DestinationNotFound' } });
    const gone = [former.volume.replace('pvc-', ''), 'app/restored'];
    expect(harness.inventory()).toEqual(before.filter((line) => !gone.some((part) => line.includes(part))));
  });
});

describe('two restores into one claim', () => {
  it('take turns', async () => {
    harness.cluster.hold('volsync');
    await begin();
    await reach('Moving');
    harness.addRestore('r2', ({ spec }) => {
      Object.assign(spec, { source, existingClaimPolicy: 'Overwrite' });
    });
    await harness.advance(10_000);
    expect(harness.restore('r2')?.status?.message).toContain('another restore replaces the data');
    harness.cluster.release('volsync');
    await end();
    expect(harness.read(CLAIM)).toBe('restored data');
  });
});

describe('a claim that names a volume which is not its own', () => {
  it('is left alone with that volume', async () => {
    const other = { namespace: APP, name: 'other' };
    await harness.addSource('other', "somebody else's");
    const { volumeName = '' } = harness.kube.peek(persistentVolumeClaims, other)!.spec;
    harness.kube.edit(persistentVolumeClaims, CLAIM, ({ spec }) => (spec.volumeName = volumeName));
    await begin();
    const { failure } = await end();
    expect(failure?.reason).toBe('DestinationBound');
    expect(failure?.message).toContain('which is not bound to it');
    expect(harness.read(other)).toBe("somebody else's");
    expect(volumeNamed(volumeName)?.metadata.annotations).not.toHaveProperty([annotations.setAside]);
  });
});

import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  persistentVolumeClaims,
  persistentVolumes,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from '../../api/kubernetes/core.ts';
import { annotations, labels } from '../../api/common/keys.ts';
import { isConflict } from '../../kube/client/kube-error.ts';
import { FakeKube } from '../../tests/fakes/fake-kube.ts';
import { abandonVolume, handOver, type HandOver } from './hand-over.ts';

/** A PersistentVolume that has changed since the pass read it must not be written. */

const NAME = 'pvc-1';
const { signal } = new AbortController();

let kube: FakeKube;

beforeEach(() => {
  kube = new FakeKube();
});

function addVolume(claim: PersistentVolumeClaim, own: Partial<PersistentVolume['metadata']>) {
  const { name, namespace = '', uid = '' } = claim.metadata;
  return kube.seed(persistentVolumes, {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: NAME, ...own },
    spec: { persistentVolumeReclaimPolicy: 'Retain', claimRef: { name, namespace, uid } },
  });
}

function addClaim(namespace: string, name: string, volumeName?: string): PersistentVolumeClaim {
  return kube.seed(persistentVolumeClaims, {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { namespace, name },
    spec: { accessModes: [], ...(volumeName !== undefined && { volumeName }) },
    status: { phase: volumeName === undefined ? 'Pending' : 'Bound' },
  });
}

/** Changes the volume as another writer, after it was read, and returns the new state. */
function change(): PersistentVolume {
  return kube.edit(persistentVolumes, { name: NAME }, ({ metadata }) => {
    metadata.annotations = { ...metadata.annotations, 'example.com/owner': 'another' };
  });
}

async function expectConflict(act: () => Promise<unknown>): Promise<void> {
  const changed = change();
  const error: unknown = await act().catch((caught: unknown) => caught);
  expect(isConflict(error)).toBe(true);
  expect(kube.peek(persistentVolumes, { name: NAME })).toEqual(changed);
}

const SECURED = { labels: { [labels.requestUid]: 'u-1' }, annotations: { [annotations.handOver]: '{}' } };

describe('a hand-over by an old view of the volume changes nothing:', () => {
  function input(
    volume: PersistentVolume,
    destination: PersistentVolumeClaim,
    staging?: PersistentVolumeClaim,
  ): HandOver {
    return {
      client: kube.client(),
      volumeName: NAME,
      volume,
      staging,
      destination,
      destinationKey: 'app/data',
      destinationUID: destination.metadata.uid,
      reclaimPolicy: 'Delete',
      volumeLabels: {},
      volumeAnnotations: {},
      selectors: [],
      requestUid: 'u-1',
      signal,
    };
  }

  it('it is not secured', async () => {
    const staging = addClaim('velero', 'staging', NAME);
    const destination = addClaim('app', 'data');
    const volume = addVolume(staging, {});
    await expectConflict(() => handOver(input(volume, destination, staging)));
  });

  it('it is not bound to the destination', async () => {
    const staging = addClaim('velero', 'staging', NAME);
    const destination = addClaim('app', 'data');
    const volume = addVolume(staging, SECURED);
    await expectConflict(() => handOver(input(volume, destination)));
  });

  it('its reclaim policy is not set to Delete', async () => {
    const destination = addClaim('app', 'data', NAME);
    const volume = addVolume(destination, SECURED);
    await expectConflict(() => handOver(input(volume, destination)));
  });
});

describe('a volume that changed since the restore gave it up', () => {
  it('is not left to storage for deletion', async () => {
    const volume = addVolume(addClaim('velero', 'staging', NAME), SECURED);
    const abandoned = { volume, claim: undefined, requestUid: 'u-1', reclaimPolicy: 'Retain' };
    await expectConflict(() => abandonVolume({ client: kube.client(), signal, ...abandoned }));
  });

  it('is not settled for the claim that had it', async () => {
    const claim = addClaim('app', 'data', NAME);
    const volume = addVolume(claim, SECURED);
    const abandoned = { volume, claim, requestUid: 'u-1', reclaimPolicy: 'Delete' };
    await expectConflict(() => abandonVolume({ client: kube.client(), signal, ...abandoned }));
  });
});

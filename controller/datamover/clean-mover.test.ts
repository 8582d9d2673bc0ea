import { childrenOf } from '../../api/datamover/v1alpha1/names.ts';
import { cleanMover } from './clean-mover.ts';
import { describe, expect, it } from '@jest/globals';
import { childIdentity } from '../../lifecycle/request/child-identity.ts';
import { checkVolume } from '../../movers/check-capabilities.ts';
import type { AnyMover, MoverOutcome, StagedVolume, WorkRequest } from '../../movers/mover.ts';

/** A mover that copies a volume into another one: it has no repository and no snapshot, and cannot restore or forget. */
interface CopyMover extends AnyMover<{ bandwidth: string }> {
  copy(request: CopyRequest): Promise<MoverOutcome<{ bytes: number }>>;
}

interface CopyRequest extends WorkRequest<{ bandwidth: string }>, StagedVolume {
  destinationClaim: string;
}

function createCopyMover(): CopyMover & { made: string[] } {
  const made: string[] = [];
  return {
    made,
    name: 'Copy',
    capabilities: {
      volumeModes: ['Filesystem', 'Block'],
      accessModes: ['ReadWriteOnce'],
      liveSource: true,
      byteProgress: true,
      incremental: true,
      verify: [],
      forget: false,
    },
    requestSettings: ['bandwidth'],
    parseConfig: ({ bandwidth }) => ({ config: { bandwidth: String(bandwidth) } }),
    copy({ name, stagingClaim, destinationClaim }) {
      made.push(name);
      const message = `${stagingClaim} is copied to ${destinationClaim}`;
      return Promise.resolve({ state: 'InProgress', started: true, message });
    },
    cleanup({ name }) {
      const left = made.filter((one) => one === name);
      made.splice(0);
      return Promise.resolve(left);
    },
    claimsOf: () => [],
  };
}

describe('a mover without a repository', () => {
  const request = { apiVersion: 'v1', kind: 'Copy', metadata: { namespace: 'app', name: 'c', uid: 'u' } };
  const child = childIdentity(childrenOf('backup'), request);
  const signal = AbortSignal.timeout(60_000);

  it('is checked for supported volume modes like any other', () => {
    const mover = createCopyMover();
    expect(checkVolume(mover, 'PVC app/data', { volumeMode: 'Block' })).toBeUndefined();
    expect(checkVolume(mover, 'PVC app/data', { accessModes: ['ReadOnlyMany'] })).toMatchObject({
      reason: 'UnsupportedVolumeMode',
    });
  });

  it('cleans up like any other', async () => {
    const mover = createCopyMover();
    const volumes = { stagingClaim: child.name, storageClassName: undefined, destinationClaim: 'copy' };
    const work = { since: '2026-01-01T00:00:00Z', assertCurrent: () => Promise.resolve(), signal };
    await mover.copy({ ...child, ...work, ...volumes, config: { bandwidth: '10M' } });

    const scope = { resolved: { mover }, child, signal };
    expect(await cleanMover.run(scope)).toMatchObject({ state: 'waiting' });
    expect(await cleanMover.run(scope)).toMatchObject({ state: 'done' });
  });
});

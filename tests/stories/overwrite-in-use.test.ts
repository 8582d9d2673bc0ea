import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  volumeAttachments,
  type Pod,
} from '../../api/kubernetes/core.ts';
import { APP } from '../fakes/cluster/controller-harness.ts';
import { DESTINATION } from './support/restore-story.ts';
import { OverwriteStory } from './support/overwrite-story.ts';

let harness: OverwriteStory;

beforeEach(async () => {
  harness = new OverwriteStory();
  await harness.setUp();
});

afterEach(() => harness.stop());

describe('a claim in use', () => {
  const uses: [string, string, () => void][] = [
    ['a pod', 'used by pod busy', () => harness.addPod('busy')],
    ['two pods', 'used by pod busy, idle', () => ['busy', 'idle'].forEach((name) => harness.addPod(name))],
    [
      'a node',
      `is attached to node node-1`,
      () =>
        void harness.kube.seed(volumeAttachments, {
          apiVersion: 'storage.k8s.io/v1',
          kind: 'VolumeAttachment',
          metadata: { name: 'va' },
          spec: { nodeName: 'node-1', source: { persistentVolumeName: harness.former.volume } },
        }),
    ],
    [
      'a snapshot in the making',
      'held by finalizer snapshot.storage.kubernetes.io/pvc-as-source-protection',
      () =>
        void harness.kube.edit(persistentVolumeClaims, DESTINATION, ({ metadata }) =>
          metadata.finalizers?.push('snapshot.storage.kubernetes.io/pvc-as-source-protection'),
        ),
    ],
  ];

  it.each(uses)('by %s is left alone, with the reason', async (_, text, use) => {
    use();
    await harness.begin();
    await harness.advance(10_000);
    expect(harness.status().message).toContain(text);
    const { phase, failure } = await harness.end();
    expect({ phase, reason: failure?.reason }).toEqual({ phase: 'Failed', reason: 'DestinationInUse' });
    expect(failure?.message).toContain(`PersistentVolumeClaim app/restored cannot be overwritten while`);
    expect(failure?.message).toContain(text);
    expect(harness.cluster.state.started).toEqual([]);
    harness.expectUntouched();
  });

  it('is replaced once it is used no more', async () => {
    harness.addPod('busy');
    await harness.begin();
    await harness.advance(10_000);
    harness.kube.remove(pods, { namespace: APP, name: 'busy' });
    expect(await harness.end()).toMatchObject({ phase: 'Completed' });
    expect(harness.read(DESTINATION)).toBe('restored data');
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
    harness.addPod('idle', change);
    await harness.begin();
    expect(await harness.end()).toMatchObject({ phase: 'Completed' });
  });

  it('by a pod that was created at the last moment keeps its data, and the restore fails', async () => {
    await harness.begin();
    harness.kube.after = ({ verb, kind }) => {
      if (verb === 'mergePatch' && kind === persistentVolumes && harness.kube.peekAll(pods).length === 0)
        harness.addPod('quick');
    };
    const { failure } = await harness.end();
    expect(failure?.reason).toBe('DestinationInUse');
    expect(failure?.message).toContain('pod quick');
    expect(harness.cluster.state.started).toEqual([]);
    expect(harness.claim()?.metadata.uid).toBe(harness.former.claim.metadata.uid);
    harness.expectFormerData();
  });

  it('by a pod that got a node while the data was moved waits for that pod to go', async () => {
    harness.cluster.hold('volsync');
    await harness.begin();
    await harness.reach('Moving');
    harness.addPod('stuck', (pod) => (pod.status = { phase: 'Pending' }));
    harness.cluster.release('volsync');
    await harness.reach('HandingOver');
    await harness.advance(10_000);
    expect(harness.status().message).toContain('used by pod stuck');
    expect(harness.claim()?.metadata.uid).toBe(harness.former.claim.metadata.uid);
    harness.kube.remove(pods, { namespace: APP, name: 'stuck' });
    expect(await harness.end()).toMatchObject({ phase: 'Completed' });
    expect(harness.read(DESTINATION)).toBe('restored data');
  });
});

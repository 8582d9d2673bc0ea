import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { persistentVolumeClaims } from '../../api/kubernetes/core.ts';
import { volumeSnapshotContents, volumeSnapshots } from '../../api/kubernetes/snapshot.ts';
import { replicationDestinations, replicationSources } from '../../api/volsync/v1alpha1.ts';
import { keyOf, type Kind, type Resource } from '../../api/kubernetes/meta.ts';
import { labels } from '../../api/datamover/v1alpha1/keys.ts';
import { ControllerHarness } from '../fakes/cluster/controller-harness.ts';

/** Another client deletes a child of a request right after its creation. */

let harness: ControllerHarness;

beforeEach(() => {
  harness = new ControllerHarness();
});

afterEach(() => harness.stop());

/** Deletes the first child of a kind as soon as it exists. Returns a function that counts the children so far. */
function removeFirst(kind: Kind<Resource>): () => number {
  let made = 0;
  harness.kube.reactors.add((changed, before, after) => {
    const isChild = after?.metadata.labels?.[labels.requestUid] !== undefined;
    if (changed !== kind || before !== undefined || !isChild || after.metadata.namespace === 'app') return;
    if (made++ === 0) harness.kube.remove(kind, keyOf(after));
  });
  return () => made;
}

/** Much shorter than any deadline after which something would be retried. */
const SOON_MS = 20_000;

describe('a child that is deleted right after its creation is created again:', () => {
  it.each<Kind<Resource>>([
    volumeSnapshotContents,
    volumeSnapshots,
    persistentVolumeClaims,
    replicationSources,
  ])("a backup's $kind", async (kind) => {
    await harness.addSource('data', 'precious');
    const made = removeFirst(kind);
    await harness.start();
    harness.addBackup('b1');
    await harness.until(() => harness.backup()?.status?.completionTimestamp !== undefined, SOON_MS);
    expect(harness.backup()?.status).toMatchObject({ phase: 'Completed' });
    expect(made()).toBe(2);
  });

  it.each<Kind<Resource>>([persistentVolumeClaims, replicationDestinations])(
    "a restore's $kind",
    async (kind) => {
      const [source] = harness.addRepository('precious');
      harness.addDestination();
      await harness.quiesce();
      const made = removeFirst(kind);
      await harness.start();
      harness.addRestore('r1', (restore) => Object.assign(restore.spec, { source }));
      await harness.until(() => harness.restore()?.status?.completionTimestamp !== undefined, SOON_MS);
      expect(harness.restore()?.status).toMatchObject({ phase: 'Completed' });
      expect(made()).toBe(2);
    },
  );
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitUntil } from '../../../hack/cluster/wait.ts';
import { actionNames } from '../../../plugin/registered-actions.ts';
import { claim } from '../support/app.ts';
import { requestsSince } from '../support/audit.ts';
import { openStory, type Story } from '../support/story.ts';
import { imageFiles, startsOf, veleroPod, type VeleroPod } from '../support/velero-pod.ts';
import { backUp } from '../support/velero.ts';

const OURS = Object.values(actionNames).sort();
const ROLLOUT_MS = 120_000;

/** Velero as users have it: its installer, its image without a shell, its resource limits. */
describe("the plugin in Velero's own pod", () => {
  let story: Story;
  let pod: VeleroPod;

  const actions = async (): Promise<string[]> => {
    const listed = await story.cluster.velero(['plugin', 'get']);
    return OURS.filter((name) => new RegExp(`^${name}\\s`, 'm').test(listed));
  };
  /** Waits for the pod that replaces the old one after a change and offers these actions. */
  const nextPod = async (expected: readonly string[]): Promise<VeleroPod> => {
    const before = pod.metadata.name;
    const isNext = async (): Promise<boolean> =>
      (await veleroPod(story)).metadata.name !== before && (await actions()).join() === expected.join();
    await waitUntil('another pod of Velero', isNext, { timeoutMs: ROLLOUT_MS, intervalMs: 500 });
    return veleroPod(story);
  };

  beforeAll(async () => {
    story = await openStory('pod');
    pod = await veleroPod(story);
  });

  afterAll(() => story.end());

  it('has kept within the limits of memory in all that was done before', async () => {
    expect(pod.spec.containers[0]?.resources?.limits).toEqual({ cpu: '1', memory: '512Mi' });
    expect(pod.status.containerStatuses.map(({ restartCount }) => restartCount)).toEqual([0]);
    // Includes pods that have been replaced since.
    const starts = await startsOf(story, 'velero');
    expect(starts).toContainEqual({ pod: pod.metadata.name, times: 1 });
    expect(starts.filter(({ times }) => times > 1)).toEqual([]);
  });

  it('finds neither Node nor a shell nor libstdc++ in the image', async () => {
    const files = await imageFiles(story, pod);
    expect(files).toEqual(expect.arrayContaining(['/velero', '/lib/x86_64-linux-gnu/libc.so.6']));
    expect(files.filter((path) => /\/(node|\w*sh|busybox|env|libstdc.*|libgcc.*)$/.test(path))).toEqual([]);
    expect(files.filter((path) => /\/s?bin\//.test(path))).toEqual([]);
  });

  it('comes by an init container, and lists all its actions', async () => {
    const { initContainers = [], serviceAccountName } = pod.spec;
    expect(serviceAccountName).toBe('velero');
    expect(initContainers.map(({ image }) => image)).toContain(story.cluster.images.plugin);
    const codes = pod.status.initContainerStatuses?.map(({ state }) => state?.terminated?.exitCode);
    expect(codes).toEqual(initContainers.map(() => 0));
    expect(await actions()).toEqual(OURS);
  });

  it("calls the API server as the pod's service account, from the pod's address", async () => {
    const namespace = await story.makeNamespace('app');
    // Not bound, so nothing is moved and Velero completes at once.
    await story.apply(claim({ namespace, name: 'unused' }, { storageClassName: 'csi-test-wffc' }));
    const from = Date.now();
    await backUp(story, story.unique('backup'), namespace);
    const asked = await requestsSince(story.cluster, from);
    const ours = asked.filter(({ agent }) => agent === 'velero-plugin-for-datamover');
    expect(ours.map(({ verb, resource }) => `${verb} ${resource}`)).toContain('list configmaps');
    const user = `system:serviceaccount:${story.namespace}:velero`;
    expect(new Set(ours.map(({ user, from }) => `${user} ${from}`))).toEqual(
      new Set([`${user} ${pod.status.podIP}`]),
    );
  });

  it('is removed by "velero plugin remove" and installed by "velero plugin add"', async () => {
    const { plugin } = story.cluster.images;
    await story.cluster.velero(['plugin', 'remove', plugin]);
    pod = await nextPod([]);
    await story.cluster.velero(['plugin', 'add', plugin, '--confirm']);
    pod = await nextPod(OURS);
    expect(pod.spec.initContainers?.at(-1)?.image).toBe(plugin);
  });
});

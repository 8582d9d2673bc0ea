import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { jobs, persistentVolumeClaims, persistentVolumes, type Job } from '../../api/kubernetes/core.ts';
import { replicationDestinations, replicationSources } from '../../api/volsync/v1alpha1.ts';
import { formatKey, keyOf, type Kind, type Resource } from '../../api/kubernetes/meta.ts';
import { labels } from '../../api/datamover/v1alpha1/keys.ts';
import { JANITOR_INTERVAL_MS } from '../../controller/datamover/janitor/janitor.ts';
import { LEFT_BEHIND } from '../fakes/cluster/left-behind.ts';
import { APP, ControllerHarness } from '../fakes/cluster/controller-harness.ts';

/**
 * What a backup of all namespaces by Velero finds while data is moved. {@link ControllerHarness} and the fault stories check in every story
 * that each object of the controller has the label; this test covers the objects that others create for it.
 */

let harness: ControllerHarness;

beforeEach(async () => {
  harness = new ControllerHarness();
  await harness.addSource('data', 'precious');
});

afterEach(() => harness.stop());

const nameOf = (kind: Kind<Resource>, object: Resource): string => `${kind.kind} ${formatKey(keyOf(object))}`;

/** Returns every object without a label that excludes it. Pods have the labels of their Jobs. */
function visible(): string[] {
  return LEFT_BEHIND.filter(({ kind }) => kind !== 'Pod').flatMap((kind) =>
    harness.kube
      .peekAll(kind)
      .filter(({ metadata }) => metadata.labels?.[labels.veleroExclude] !== 'true')
      .map((object) => nameOf(kind, object)),
  );
}

const VOLSYNC = { mover: 'VolSync', config: {} };
const RESTIC = { mover: 'Restic', config: { cacheCapacity: '1Gi' } };

describe.each([
  ['VolSync', VOLSYNC, {}],
  ['Restic', RESTIC, {}],
  ['VolSync, live', VOLSYNC, { capture: 'Live' }],
  ['Restic, live', RESTIC, { capture: 'Live' }],
])('while %s moves data', (_, { mover, config }, more) => {
  /** The labels of VolSync's Job cannot be configured. */
  const withoutJob = (names: readonly string[]) => names.filter((name) => !/^Job .*volsync/.test(name));

  it.each(['backup', 'restore'])('nothing of a %s gets into a Velero backup', async (kind) => {
    harness.addClass(({ spec }) => Object.assign(spec, { mover, config, ...more }));
    const [source] = harness.addRepository('precious');
    harness.addDestination('restored');
    harness.cluster.state.script = () => ({ end: 'running', lines: [] });
    await harness.quiesce();
    const before = visible();
    await harness.start();
    if (kind === 'backup') harness.addBackup('one');
    else harness.addRestore('one', ({ spec }) => (spec.source = source));
    const phase = () => (kind === 'backup' ? harness.backup('one') : harness.restore('one'))?.status?.phase;
    await harness.until(() => phase() === 'Moving' && harness.kube.peekAll(jobs).length > 0);
    // The janitor handles the volumes of caches, which belong to no request.
    await harness.advance(JANITOR_INTERVAL_MS + 5_000, 5_000);
    expect(withoutJob(visible())).toEqual(before);
    const templates = harness.kube.peekAll(jobs).map(templateLabelsOf);
    const transfers = [
      ...harness.kube.peekAll(replicationSources),
      ...harness.kube.peekAll(replicationDestinations),
    ];
    const podLabels = [...templates, ...transfers.map(({ spec }) => spec.restic?.moverPodLabels)];
    const known = podLabels.filter((one) => one !== undefined);
    expect(known).not.toEqual([]);
    for (const one of known) expect(one).toMatchObject({ [labels.veleroExclude]: 'true' });
  });
});

function templateLabelsOf(job: Job): Record<string, string> | undefined {
  const { spec } = job as { spec?: { template?: { metadata?: { labels?: Record<string, string> } } } };
  return spec?.template?.metadata?.labels;
}

it('a volume that was restored is in the next Velero backup', async () => {
  const [source] = harness.addRepository('precious');
  await harness.start();
  harness.addRestore('one', ({ spec }) => (spec.source = source));
  harness.addDestination('restored');
  await harness.until(() => harness.restore('one')?.status?.phase === 'Completed');
  const claim = harness.kube.peek(persistentVolumeClaims, { namespace: APP, name: 'restored' });
  const volume = harness.kube.peek(persistentVolumes, { name: claim?.spec.volumeName ?? '' });
  expect(volume).toBeDefined();
  for (const object of [claim, volume])
    expect(object?.metadata.labels ?? {}).not.toHaveProperty(labels.veleroExclude);
});

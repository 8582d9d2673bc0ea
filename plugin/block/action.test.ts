import { describe, expect, it } from '@jest/globals';
import { createFakeClock } from '../../tests/fakes/fake-clock.ts';
import { FakeKube } from '../../tests/fakes/fake-kube.ts';
import {
  configMaps,
  persistentVolumeClaims,
  pods,
  type ConfigMap,
  type Pod,
} from '../../api/kubernetes/core.ts';
import { pluginConfig } from '../../api/datamover/v1alpha1/keys.ts';
import { KubeError } from '../../kube/client/kube-error.ts';
import { createClusterReader } from '../cluster-reader.ts';
import { createBlockAction } from './action.ts';
import { aBackup, aClaim, aPod, recordingLog } from '../../tests/fakes/velero-objects.ts';

function setUp(enable: string, found: Pod[]) {
  const clock = createFakeClock();
  const kube = new FakeKube({ clock });
  kube.seed<ConfigMap>(configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: 'on',
      namespace: 'velero',
      labels: { [pluginConfig.label]: '', [pluginConfig.name]: '' },
    },
    data: { enable },
  });
  for (const pod of found) kube.seed(pods, pod);
  for (const name of ['data', 'log', 'shared', 'other']) kube.seed(persistentVolumeClaims, aClaim(name));
  const cluster = createClusterReader({ clock, connect: () => Promise.resolve(kube.client('plugin')) });
  const action = createBlockAction(cluster);
  const { log, lines } = recordingLog();
  const related = (claim: string) =>
    action.relatedItems(
      { item: Buffer.from(JSON.stringify(aClaim(claim))), backup: aBackup() },
      { log, signal: new AbortController().signal },
    );
  return { kube, lines, related, action };
}

const workload = [aPod('a', ['data', 'log', 'gone']), aPod('b', ['log', 'shared']), aPod('c', ['other'])];
const claim = (name: string) => ({ group: '', resource: 'persistentvolumeclaims', namespace: 'app', name });

describe('the block of a claim', () => {
  it('contains the existing claims that its pods mount', async () => {
    const { related, action } = setUp('true', workload);
    expect(action.resources).toEqual(['persistentvolumeclaims']);
    expect(await related('data')).toEqual([claim('log')]);
    expect(await related('log')).toEqual([claim('data'), claim('shared')]);
    expect(await related('other')).toEqual([]);
  });

  it('contains only the claim itself if the pod is done or the mover is off', async () => {
    const done: Pod = { ...aPod('a', ['data', 'log']), status: { phase: 'Succeeded' } };
    expect(await setUp('true', [done]).related('data')).toEqual([]);
    expect(await setUp('false', workload).related('data')).toEqual([]);
  });

  it('contains only the claim itself, without a warning, if the pods cannot be read', async () => {
    const { related, kube, lines } = setUp('true', workload);
    kube.before = ({ kind }) => {
      if (kind.kind === 'Pod') throw new KubeError({ code: 403, reason: 'Forbidden', message: 'no' });
    };
    expect(await related('data')).toEqual([]);
    expect(lines.map(({ level }) => level)).toEqual(['debug']);
  });
});

import { describe, expect, it } from '@jest/globals';
import { createFakeClock } from '../../tests/fakes/fake-clock.ts';
import { FakeKube } from '../../tests/fakes/fake-kube.ts';
import { configMaps, type ConfigMap } from '../../api/kubernetes/core.ts';
import { aBackup } from '../../tests/fakes/velero-objects.ts';
import { loadPolicies, policiesKeysOf } from './load-policies.ts';

const key = { namespace: 'velero', name: 'p' };

function load(data: Record<string, string> | undefined) {
  const kube = new FakeKube({ clock: createFakeClock() });
  if (data !== undefined)
    kube.seed<ConfigMap>(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: key, data });
  return loadPolicies(kube.client('plugin'), key);
}

describe('the volume policies of a backup', () => {
  it('lie in the ConfigMap that it names, in its own namespace', () => {
    expect(policiesKeysOf(aBackup({ resourcePolicy: { kind: 'configmap', name: 'p' } }))).toEqual({
      own: key,
    });
    expect(policiesKeysOf(aBackup({ resourcePolicy: { kind: 'ConfigMap', name: 'p' } }))).toEqual({
      own: key,
    });
    expect(policiesKeysOf(aBackup({ resourcePolicy: { kind: 'secret', name: 'p' } }))).toEqual({});
    expect(policiesKeysOf(aBackup())).toEqual({});
  });

  it('lie beside those of the ConfigMap that Velero adds to every backup', () => {
    const backup = aBackup({ resourcePolicy: { kind: 'configmap', name: 'p' } });
    backup.metadata.annotations = { 'velero.io/global-backup-volume-policy-configmap': 'global' };
    expect(policiesKeysOf(backup)).toEqual({ own: key, global: { namespace: 'velero', name: 'global' } });
  });

  it('come from the only key of the ConfigMap, which may have any name', async () => {
    const { volumes: policies } = await load({
      any: 'version: v1\nvolumePolicies: [{action: {type: skip}}]',
    });
    expect(policies.map(({ action, origin }) => [action, origin])).toEqual([
      ['skip', 'volumePolicies[0] in ConfigMap velero/p'],
    ]);
  });

  it.each([
    [undefined, 'ConfigMap velero/p, which holds volume policies of the Backup, does not exist'],
    [{}, 'must have exactly one key with the volume policies, and has 0'],
    [{ a: 'version: v1', b: 'version: v1' }, 'and has 2'],
  ])('cannot be read from %j', async (data, message) => {
    await expect(load(data)).rejects.toThrow(message);
  });
});

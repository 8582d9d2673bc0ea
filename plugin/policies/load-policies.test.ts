import { describe, expect, it } from '@jest/globals';
import { createFakeClock } from '../../tests/fakes/fake-clock.ts';
import { FakeKube } from '../../tests/fakes/fake-kube.ts';
import { configMaps, type ConfigMap } from '../../api/external/core.ts';
import { aBackup } from '../actions/fixtures.ts';
import { loadPolicies, policiesKeyOf } from './load-policies.ts';

const key = { namespace: 'velero', name: 'p' };

function load(data: Record<string, string> | undefined) {
  const kube = new FakeKube({ clock: createFakeClock() });
  if (data !== undefined)
    kube.seed<ConfigMap>(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: key, data });
  return loadPolicies(kube.client('plugin'), key);
}

describe('the volume policies of a backup', () => {
  it('lie in the ConfigMap that it names, in its own namespace', () => {
    expect(policiesKeyOf(aBackup({ resourcePolicy: { kind: 'configmap', name: 'p' } }))).toEqual(key);
    expect(policiesKeyOf(aBackup({ resourcePolicy: { kind: 'ConfigMap', name: 'p' } }))).toEqual(key);
    expect(policiesKeyOf(aBackup({ resourcePolicy: { kind: 'secret', name: 'p' } }))).toBeUndefined();
    expect(policiesKeyOf(aBackup())).toBeUndefined();
  });

  it('are what its one key says, whatever the key is called', async () => {
    const policies = await load({ any: 'version: v1\nvolumePolicies: [{action: {type: skip}}]' });
    expect(policies.map(({ action, origin }) => [action, origin])).toEqual([
      ['skip', 'volumePolicies[0] in ConfigMap velero/p'],
    ]);
  });

  it.each([
    [undefined, 'ConfigMap velero/p, which spec.resourcePolicy of the Backup names, does not exist'],
    [{}, 'must have exactly one key with the volume policies, and has 0'],
    [{ a: 'version: v1', b: 'version: v1' }, 'and has 2'],
  ])('cannot be read from %j', async (data, message) => {
    await expect(load(data)).rejects.toThrow(message);
  });
});

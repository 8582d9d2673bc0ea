import { describe, expect, it } from '@jest/globals';
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/kubernetes/core.ts';
import { parsePolicies } from './parse-policies.ts';
import { policyVolumeOf } from './policy-volume.ts';
import { matchPolicy, noPolicies } from './volume-policy.ts';

const claim: PersistentVolumeClaim = {
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'data', namespace: 'app', labels: { tier: 'gold', level: '1' } },
  spec: {
    accessModes: ['ReadWriteOnce', 'ReadOnlyMany'],
    volumeMode: 'Filesystem',
    storageClassName: 'claim-only',
  },
  status: { phase: 'Bound' },
};

function volume(spec: PersistentVolume['spec']): PersistentVolume {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'pv' },
    spec: { capacity: { storage: '10Gi' }, storageClassName: 'gp2', ...spec },
  };
}

const csi = volume({
  csi: { driver: 'ebs.csi.aws.com', volumeHandle: 'x', volumeAttributes: { protocol: 'nfs' } },
});
const nfs = volume({ nfs: { server: 'filer', path: '/exports' } });

/** Returns true if a policy with these conditions (flow YAML) matches. */
function matches(conditions: string, pv: PersistentVolume | undefined, pvc = claim): boolean {
  const { volumes: policies } = parsePolicies(
    `version: v1\nvolumePolicies:\n- conditions: ${conditions}\n  action: {type: skip}\n`,
    'ConfigMap velero/p',
  );
  return matchPolicy(policies, policyVolumeOf(pvc, pv)) !== undefined;
}

describe('conditions', () => {
  it.each([
    // Both ends are included in the range, and an open end is empty or 0.
    ['{capacity: "10Gi,20Gi"}', csi, true],
    ['{capacity: "1Gi,10Gi"}', csi, true],
    ['{capacity: "11Gi,20Gi"}', csi, false],
    ['{capacity: "10Gi,"}', csi, true],
    ['{capacity: " 10.5Gi , "}', csi, false],
    ['{capacity: ",10Gi"}', csi, true],
    ['{capacity: "0,9Gi"}', csi, false],
    ['{capacity: ","}', csi, true],
    ['{capacity: ""}', csi, true],
    ['{storageClass: [gp2, gp3]}', csi, true],
    ['{storageClass: [gp3]}', csi, false],
    ['{storageClass: [claim-only]}', csi, false],
    ['{storageClass: []}', csi, true],
    ['{csi: {}}', csi, true],
    ['{csi: {}}', nfs, false],
    ['{csi: null}', nfs, true],
    ['{csi: {driver: ebs.csi.aws.com}}', csi, true],
    ['{csi: {driver: other}}', csi, false],
    ['{csi: {driver: ebs.csi.aws.com, volumeAttributes: {protocol: nfs}}}', csi, true],
    ['{csi: {driver: ebs.csi.aws.com, volumeAttributes: {protocol: smb}}}', csi, false],
    ['{csi: {driver: ebs.csi.aws.com, volumeAttributes: {protocol: nfs, more: x}}}', csi, false],
    ['{nfs: {}}', nfs, true],
    ['{nfs: {}}', csi, false],
    ['{nfs: {server: filer}}', nfs, true],
    ['{nfs: {server: other}}', nfs, false],
    ['{nfs: {path: /exports}}', nfs, true],
    ['{nfs: {server: filer, path: /other}}', nfs, false],
    ['{volumeTypes: [csi, local]}', csi, true],
    ['{volumeTypes: [nfs]}', csi, false],
    ['{volumeTypes: [storageOS]}', volume({ storageos: {} }), true],
    ['{volumeTypes: [hostPath]}', volume({ hostPath: { path: '/x' } }), true],
    ['{pvcLabels: {tier: gold}}', csi, true],
    ['{pvcLabels: {tier: gold, level: 1}}', csi, true],
    ['{pvcLabels: {tier: silver}}', csi, false],
    ['{pvcLabels: {constructor: x}}', csi, false],
    ['{pvcPhase: [Bound]}', csi, true],
    ['{pvcPhase: [Pending, Lost]}', csi, false],
    ['{pvcVolumeMode: Filesystem}', csi, true],
    ['{pvcVolumeMode: Block}', csi, false],
    ['{pvcAccessModes: [ReadOnlyMany, ReadWriteOnce]}', csi, true],
    ['{pvcAccessModes: [ReadWriteOnce]}', csi, false],
    // All conditions must be met.
    ['{storageClass: [gp2], pvcPhase: [Bound], csi: {}}', csi, true],
    ['{storageClass: [gp2], pvcPhase: [Lost], csi: {}}', csi, false],
    ['{}', csi, true],
  ])('%s', (conditions, pv, expected) => {
    expect(matches(conditions, pv)).toBe(expected);
  });

  it('about a volume are not met by a claim that has none, unless 0 bytes do', () => {
    const pending = { ...claim, status: { phase: 'Pending' as const } };
    expect(matches('{storageClass: [gp2]}', undefined, pending)).toBe(false);
    expect(matches('{capacity: "1Gi,"}', undefined, pending)).toBe(false);
    expect(matches('{capacity: ",1Gi"}', undefined, pending)).toBe(true);
    expect(matches('{pvcPhase: [Pending]}', undefined, pending)).toBe(true);
  });
});

describe('policies', () => {
  it('decide in the order of the file', () => {
    const { volumes: policies } = parsePolicies(
      [
        'version: v1',
        'volumePolicies:',
        '- conditions: {storageClass: [gp3]}',
        '  action: {type: skip}',
        '- conditions: {storageClass: [gp2]}',
        '  action: {type: custom, parameters: {datamover: x}}',
        '- action: {type: fs-backup}',
      ].join('\n'),
      'ConfigMap velero/p',
    );
    expect(matchPolicy(policies, policyVolumeOf(claim, csi))).toMatchObject({
      origin: 'volumePolicies[1] in ConfigMap velero/p',
      action: 'custom',
      parameters: { datamover: 'x' },
    });
    expect(matchPolicy(policies, policyVolumeOf(claim, undefined))?.action).toBe('fs-backup');
  });

  it('may be absent if the file contains other settings', () => {
    const text = 'version: v1\nincludeExcludePolicy: {excludedClusterScopedResources: [nodes]}';
    expect(parsePolicies(text, 'x')).toEqual(noPolicies);
  });

  it('come with the namespaced kinds that the backup takes and leaves out', () => {
    const text =
      'version: v1\nincludeExcludePolicy: {includedNamespaceScopedResources: [a], excludedNamespaceScopedResources: [b]}';
    expect(parsePolicies(text, 'x').filters).toMatchObject({ included: ['a'], excluded: ['b'] });
  });

  const broken = (conditions: string) =>
    `version: v1\nvolumePolicies:\n- conditions: ${conditions}\n  action: {type: skip}`;

  it.each([
    ['a: [', /ConfigMap velero\/p is not YAML/],
    ['version: v2', 'version in ConfigMap velero/p is "v2"; it must be v1'],
    ['volumePolicies: []', 'version in ConfigMap velero/p is missing; it must be v1'],
    ['version: v1\nvolumePolicies: {}', 'must be a list'],
    [
      'version: v1\nvolumePolicies: [{action: {type: drop}}]',
      'the action of volumePolicies[0] in ConfigMap velero/p is "drop"; it must be one of skip, fs-backup, snapshot, custom',
    ],
    [
      broken('{later: x}'),
      'volumePolicies[0].conditions.later is a condition that this plugin does not know',
    ],
    [broken('{capacity: 10Gi}'), 'write it as "10Gi,100Gi"'],
    [broken('{capacity: "ten,"}'), '"ten" is not a size'],
    [broken('{storageClass: gp2}'), 'volumePolicies[0].conditions.storageClass must be a list'],
    [broken('{csi: {name: x}}'), 'csi.name is not known; there are driver and volumeAttributes'],
    [broken('{pvcLabels: [a]}'), 'must be a map'],
    [broken('{pvcPhase: [[a]]}'), 'must be a text'],
  ])('%j is an error that names the position', (text, message) => {
    expect(() => parsePolicies(text, 'ConfigMap velero/p')).toThrow(message);
  });
});

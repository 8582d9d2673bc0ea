import { describe, expect, it } from '@jest/globals';
import { MAX_CARRIED_VALUE, ownersKeys } from './owned-keys.ts';

describe('the metadata that a restore copies to the new volume', () => {
  it.each(['tier', 'example.com/owner', 'app.kubernetes.io/part-of'])('is %s', (key) => {
    expect(ownersKeys({ [key]: 'x' }, 'csi.example.com')).toEqual({ [key]: 'x' });
  });

  it.each([
    ['where the old one lay', 'topology.kubernetes.io/zone'],
    ['where the old one lay, in the words of its driver', 'topology.ebs.csi.aws.com/zone'],
    ['who provisioned it', 'pv.kubernetes.io/provisioned-by'],
    ['how it is mounted', 'volume.beta.kubernetes.io/mount-options'],
    ['what its driver notes on it', 'csi.example.com/pool'],
    ['what its driver notes on it in a domain below its own', 'internal.csi.example.com/pool'],
    ['which restore of Velero brought it', 'velero.io/restore-name'],
    ['which restore of ours brought it', 'oadp.openshift.io/data-mover-restore'],
    ['what belongs to Kubernetes', 'storage.k8s.io/x'],
  ])('is not %s: %s', (_, key) => {
    expect(ownersKeys({ [key]: 'x' }, 'csi.example.com')).toEqual({});
  });

  it('excludes the managed-by label of this project and includes that of another manager', () => {
    const key = 'app.kubernetes.io/managed-by';
    expect(ownersKeys({ [key]: 'velero-datamover' })).toEqual({});
    expect(ownersKeys({ [key]: 'Helm' })).toEqual({ [key]: 'Helm' });
  });

  it('excludes a value that is too long for a record', () => {
    expect(ownersKeys({ note: 'x'.repeat(MAX_CARRIED_VALUE + 1) })).toEqual({});
  });

  it('is empty if the volume has no metadata', () => {
    expect(ownersKeys(undefined)).toEqual({});
  });
});

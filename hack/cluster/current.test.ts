import { describe, expect, it } from '@jest/globals';
import { advice, chooseVelero } from './current.ts';

describe('the Velero of a cluster', () => {
  it('is the only one, in any namespace', () => {
    expect(chooseVelero(['openshift-adp'], 'velero')).toBe('openshift-adp');
  });

  it('is the one that VELERO_NAMESPACE names if several exist', () => {
    expect(chooseVelero(['velero', 'velero-b'], 'velero-b')).toBe('velero-b');
  });

  it.each([undefined, '', 'elsewhere'])(
    'is not guessed if several exist (VELERO_NAMESPACE: %s)',
    (wanted) => {
      expect(chooseVelero(['velero', 'velero-b'], wanted)).toMatchObject({
        what: expect.stringContaining('velero, velero-b'),
        remedy: expect.stringContaining('VELERO_NAMESPACE'),
      });
    },
  );

  it('is reported as missing if none exists', () => {
    expect(chooseVelero([], 'velero')).toMatchObject({ remedy: expect.stringContaining('velero install') });
  });
});

describe('the advice after the start of the controller', () => {
  it.each([
    [true, false],
    [false, true],
  ])('names the mover for a cluster without VolSync only there (VolSync: %s)', (hasVolSync, isNamed) => {
    expect(advice('velero', hasVolSync).includes('set mover: Restic in the class')).toBe(isNamed);
  });
});

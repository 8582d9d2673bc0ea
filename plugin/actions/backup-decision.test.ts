import { describe, expect, it } from '@jest/globals';
import { annotations, labels } from '../../api/v1alpha1/keys.ts';
import { decideBackup, isFinalizing } from './backup-decision.ts';
import { aBackup, aClaim, aClass } from './fixtures.ts';

const standard = aClass('standard', { default: true });
const fast = aClass('fast', { selector: 'tier=fast' });

describe('the data of a claim', () => {
  it.each([
    ['default', aClaim(), 'standard', 'default'],
    ['selector', aClaim('data', { labels: { tier: 'fast' } }), 'fast', 'selector'],
    [
      'annotation',
      aClaim('data', { annotations: { [annotations.className]: 'fast' } }),
      'fast',
      'annotation',
    ],
  ])('is moved by the class that the %s gives', (_, pvc, className, by) => {
    expect(decideBackup(aBackup(), pvc, [standard, fast])).toEqual({ outcome: 'move', className, by });
  });

  it('is moved with snapshotVolumes true, as with nothing said', () => {
    expect(decideBackup(aBackup({ snapshotVolumes: true }), aClaim(), [standard]).outcome).toBe('move');
  });

  it('stays when the backup takes no snapshots', () => {
    expect(decideBackup(aBackup({ snapshotVolumes: false }), aClaim(), [standard])).toEqual({
      outcome: 'leave',
      level: 'info',
      message:
        'spec.snapshotVolumes of the Backup is false: the data of PersistentVolumeClaim app/data is not moved',
    });
  });

  it('stays when the claim opts out', () => {
    const pvc = aClaim('data', { labels: { [labels.veleroExclude]: 'true' } });
    expect(decideBackup(aBackup(), pvc, [standard])).toMatchObject({ outcome: 'leave', level: 'info' });
  });

  it.each(['Pending', 'Lost', undefined] as const)('stays, with a warning, when the claim is %p', (phase) => {
    const pvc = { ...aClaim(), status: phase === undefined ? {} : { phase } };
    const decision = decideBackup(aBackup(), pvc, [standard]);
    expect(decision).toMatchObject({ outcome: 'leave', level: 'warn' });
    expect(decision).toMatchObject({ message: expect.stringContaining('PersistentVolumeClaim app/data is') });
  });

  it('stays, with a warning, when no class wants it', () => {
    expect(decideBackup(aBackup(), aClaim(), [fast])).toMatchObject({
      outcome: 'leave',
      level: 'warn',
      message: expect.stringContaining('no DataMoverClass selects PersistentVolumeClaim app/data'),
    });
  });

  it('fails to be moved when the wish cannot be met', () => {
    const pvc = aClaim('data', { annotations: { [annotations.className]: 'gone' } });
    expect(decideBackup(aBackup(), pvc, [standard])).toMatchObject({
      outcome: 'fail',
      message: expect.stringContaining('DataMoverClass gone'),
    });
  });
});

it.each([
  ['InProgress', false],
  ['Finalizing', true],
  ['FinalizingPartiallyFailed', true],
  ['WaitingForPluginOperations', false],
])('phase %s is finalizing: %p', (phase, finalizing) => {
  expect(isFinalizing(aBackup({}, phase))).toBe(finalizing);
});

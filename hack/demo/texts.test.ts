import { describe, expect, it } from '@jest/globals';
import { barText, bytesText } from './bytes.ts';
import { settingsOf } from './config.ts';
import { progressLine } from './follow.ts';
import { exploreText, summaryText } from './summary.ts';
import type { DemoFacts } from './demo.ts';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';

const MIB = 1024 ** 2;

describe('bytesText', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [150 * MIB, '150 MiB'],
    [1024 ** 5, '1024 TiB'],
  ])('%d → %s', (bytes, text) => {
    expect(bytesText(bytes)).toBe(text);
  });
});

describe('barText', () => {
  it('shows share and sizes, and never more than all', () => {
    expect(barText(25 * MIB, 100 * MIB)).toBe(`${'█'.repeat(3)}${'░'.repeat(9)}  25 %  25.0 MiB of 100 MiB`);
    expect(barText(2, 1)).toContain('100 %');
  });

  it('shows what is done while the total is unknown', () => {
    expect(barText(MIB, undefined)).toBe('1.0 MiB so far');
    expect(barText(0, 0)).toBe('0 B so far');
  });
});

describe('progressLine', () => {
  const request = (status: DataMoverBackup['status']): DataMoverBackup => ({
    apiVersion: 'oadp.openshift.io/v1alpha1',
    kind: 'DataMoverBackup',
    metadata: { name: 'dmb' },
    spec: { dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'data' } },
    ...(status && { status }),
  });
  const progress = { bytesDone: MIB, totalBytes: 2 * MIB, updatedAt: '2026-01-01T00:00:00Z' };

  it('describes Velero before there is a request and after it has ended', () => {
    expect(progressLine('InProgress', undefined)).toBe('Velero: InProgress');
    expect(progressLine('Finalizing', request({ phase: 'Completed', progress }))).toMatch(
      /^Velero: Finalizing {2}█+░+ {2}50 % /,
    );
  });

  it('shows bytes while they move, and what a request waits for', () => {
    expect(progressLine('InProgress', request({ phase: 'Moving', progress }))).toMatch(
      /^Moving {2}█+░+ {2}50 %/,
    );
    expect(progressLine('InProgress', request({ phase: 'Queued', message: '2 ahead' }))).toBe(
      'Queued: 2 ahead',
    );
    expect(progressLine('InProgress', request(undefined))).toBe('Pending');
  });
});

describe('settingsOf', () => {
  it('has defaults', () => {
    expect(settingsOf({})).toEqual({ disaster: 'cluster', mover: 'Restic', sizeMiB: 200 });
    expect(settingsOf({ DISASTER: 'namespace', MOVER: 'volsync', SIZE: '5' })).toEqual({
      disaster: 'namespace',
      mover: 'VolSync',
      sizeMiB: 5,
    });
  });

  it.each([{ DISASTER: 'flood' }, { MOVER: 'Rsync' }, { SIZE: '0' }, { SIZE: '1.5' }, { SIZE: 'big' }])(
    'refuses %j',
    (env) => {
      expect(() => settingsOf(env)).toThrow(new RegExp(`^${Object.keys(env)[0] ?? ''} `));
    },
  );
});

describe('the summary', () => {
  const facts = (differences: string[]): DemoFacts => ({
    disaster: 'namespace',
    mover: 'Restic',
    backup: 'demo-1',
    restore: 'demo-1',
    seconds: { cluster: 1, application: 2, backup: 3, disaster: 4, restore: 5, comparison: 6 },
    data: { bytes: 2 * MIB, files: 3, entries: 4, uploadedBytes: MIB, snapshotID: '0123456789abcdef' },
    sparse: { before: 4096, after: 1024 * MIB },
    comparison: { compared: 4, files: 3, bytes: 2 * MIB, differences },
  });

  it('adds up the times and reports that everything was restored', () => {
    const text = summaryText(facts([]));
    expect(text).toMatch(/in all +21\.0 s/);
    expect(text).toMatch(/uploaded +1\.0 MiB, restic snapshot 01234567$/m);
    expect(text).toContain('everything came back as it was');
  });

  it('shows differences, the first fifty of many', () => {
    const text = summaryText(facts(Array.from({ length: 60 }, (_, i) => `"./${i}": missing`)));
    expect(text).toContain('differences: 60');
    expect(text).toContain('"./49": missing');
    expect(text).not.toContain('"./50": missing');
    expect(text).toContain('and 10 more');
    expect(text).not.toContain('everything came back');
  });

  it('names the cluster if it is not the default one', () => {
    expect(exploreText(facts([]), 'datamover')).not.toContain('CLUSTER_NAME');
    expect(exploreText(facts([]), 'other')).toContain('CLUSTER_NAME=other make demo-down');
  });
});

import { describe, expect, it } from '@jest/globals';
import { CATEGORY, crdDefinitions } from './crds.ts';
import { backupPhases } from './data-mover-backup.ts';
import { dataMoverClassSpec } from './data-mover-class.ts';
import { deletePhases } from './data-mover-delete.ts';
import { restorePhases } from './data-mover-restore.ts';
import { backupResult } from './schema.ts';

describe('crdDefinitions', () => {
  it('defines every kind once, with its short name', () => {
    expect(crdDefinitions.map(({ kind, shortName }) => [kind.kind, shortName])).toEqual([
      ['DataMoverClass', 'dmc'],
      ['DataMoverBackup', 'dmb'],
      ['DataMoverRestore', 'dmr'],
      ['DataMoverDelete', 'dmd'],
      ['DataMoverPrune', 'dmp'],
    ]);
    expect(CATEGORY).toBe('datamover');
  });

  it.each(crdDefinitions.map((definition) => [definition.kind.kind, definition] as const))(
    '%s: its columns point at fields that exist',
    (_, { columns, spec, status }) => {
      const shapes = { spec: shapeOf(spec), status: shapeOf(status) };
      for (const { jsonPath } of columns) {
        const [, part, field] = /^\.(spec|status)\.(\w+)/.exec(jsonPath) ?? [];
        if (part === undefined) continue;
        expect(shapes[part as keyof typeof shapes]).toContain(field);
      }
    },
  );
});

describe('phases', () => {
  it.each([
    ['backup', backupPhases],
    ['restore', restorePhases],
  ])('of a %s end in Completed, Failed, Canceled', (_, phases) => {
    expect(phases[0]).toBe('Pending');
    expect(phases.slice(-3)).toEqual(['Completed', 'Failed', 'Canceled']);
  });

  it('of a delete end with how it ended', () => {
    expect(deletePhases.slice(-3)).toEqual(['Completed', 'Failed', 'Canceled']);
  });
});

describe('defaults of a class', () => {
  it('are filled in, as the API server does', () => {
    expect(dataMoverClassSpec.parse({ mover: 'VolSync', limits: { backups: 3 } })).toEqual({
      mover: 'VolSync',
      capture: 'Snapshot',
      verify: 'None',
      limits: { backups: 3, restores: 10, backupsPerNode: 10, restoresPerNode: 10, deletes: 2, prunes: 1 },
      repositories: { pruneIntervalSeconds: 86400, removeEmpty: false },
      deadlines: {
        captureSeconds: 600,
        cleanUpSeconds: 300,
        totalSeconds: 604_800,
        stagingSeconds: 1800,
        moverStartSeconds: 900,
        noProgressSeconds: 3600,
        handOverSeconds: 900,
        destinationSeconds: 900,
      },
    });
  });

  it('keep every setting of the mover as it is', () => {
    const config = { resticSecret: { name: 'x' }, cacheCapacity: '2Gi', nested: [{ a: 1 }] };
    expect(dataMoverClassSpec.parse({ mover: 'VolSync', config }).config).toEqual(config);
  });
});

describe('backupResult', () => {
  it('is plain data that survives JSON', () => {
    const result = { mover: 'VolSync', repository: 'c/ns/pvc', snapshotID: 'abc', bytes: 2 ** 53 - 1 };
    expect(backupResult.parse(JSON.parse(JSON.stringify(result)))).toEqual(result);
  });
});

function shapeOf(schema: unknown): string[] {
  return Object.keys((schema as { shape: object }).shape);
}

import { describe, expect, it } from '@jest/globals';
import type { Mover, MoverCapabilities } from './mover.ts';
import { checkVolume, contradictionIn } from './check-capabilities.ts';

const FILES: MoverCapabilities = {
  volumeModes: ['Filesystem'],
  accessModes: ['ReadWriteMany'],
  liveSource: false,
  byteProgress: false,
  incremental: false,
  verify: [],
  forget: false,
};

describe('a volume', () => {
  const check = (shape: Parameters<typeof checkVolume>[2]) =>
    checkVolume({ name: 'Mine', capabilities: FILES }, 'PersistentVolumeClaim app/data', shape);

  it('is accepted if the mover supports one of its modes', () => {
    expect(
      check({ volumeMode: 'Filesystem', accessModes: ['ReadWriteOnce', 'ReadWriteMany'] }),
    ).toBeUndefined();
    expect(check({})).toBeUndefined();
  });

  it('is rejected by name if the mover supports none of its modes', () => {
    expect(check({ volumeMode: 'Block' })).toMatchObject({ reason: 'UnsupportedVolumeMode' });
    expect(check({ accessModes: ['ReadWriteOnce'] })).toMatchObject({
      reason: 'UnsupportedVolumeMode',
      message:
        'PersistentVolumeClaim app/data has accessModes ReadWriteOnce, of which mover Mine can use none, only ReadWriteMany',
    });
  });
});

const NUMBERS: Mover['snapshotIDs'] = { pattern: /[0-9]+/, form: 'digits' };

describe('a mover', () => {
  const mine = { name: 'Mine', snapshotIDs: NUMBERS };
  const forget: Mover['forget'] = () => Promise.resolve({ state: 'Done', facts: { alreadyGone: true } });

  it('must have exactly the methods for its declared capabilities', () => {
    expect(contradictionIn({ ...mine, capabilities: FILES })).toBeUndefined();
    expect(contradictionIn({ ...mine, capabilities: { ...FILES, forget: true }, forget })).toBeUndefined();
    expect(contradictionIn({ ...mine, capabilities: { ...FILES, forget: true } })).toBe(
      'mover Mine declares the capability forget, but lacks the method for it',
    );
    expect(contradictionIn({ ...mine, capabilities: FILES, forget })).toBe(
      'mover Mine does not declare the capability forget, but has the method for it',
    );
    expect(contradictionIn({ ...mine, capabilities: { ...FILES, verify: ['Data'] } })).toContain('verify');
  });

  it('may be written as a class', () => {
    class Mine {
      readonly name = 'Mine';
      readonly snapshotIDs = NUMBERS;
      readonly capabilities: MoverCapabilities = { ...FILES, forget: true };
      forget(): ReturnType<NonNullable<Mover['forget']>> {
        return Promise.resolve({ state: 'Done', facts: { alreadyGone: true } });
      }
    }
    expect(contradictionIn(new Mine())).toBeUndefined();
  });

  it.each([/.*/, /[a-z-]+/, /\S+/, /[^/]+/, /[0-9./]+/, /[0-9]+|latest/])(
    'may not use %s as the pattern of its snapshot ids',
    (pattern) => {
      const snapshotIDs = { pattern, form: 'whatever' };
      expect(contradictionIn({ name: 'Mine', capabilities: FILES, snapshotIDs })).toMatch(
        /^mover Mine: snapshotIDs.pattern matches "/,
      );
    },
  );
});

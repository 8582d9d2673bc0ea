import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { backupName, childName, restoreName } from './names.ts';
import { labelValue, shortHash } from '../../kubernetes/names.ts';

const DNS_LABEL = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;
const LABEL_VALUE = /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

/** Names of other Kubernetes objects: DNS subdomains of up to 253 characters. */
const objectName = fc
  .stringMatching(/^[a-z0-9][-a-z0-9.]{0,251}[a-z0-9]$/)
  .filter((name) => name.length <= 253);

describe('names of requests and their children', () => {
  // These must never change: a new version of the controller must find the objects of the previous one.
  it('are these', () => {
    expect(backupName('backup-uid', 'pvc-uid')).toBe('dmb-8ee26c9209667781');
    expect(restoreName('restore-uid', 'shop', 'data')).toBe('dmr-e654c4c2782c8fc1');
    expect(childName('backup', 'uid')).toBe('dmb-17b788a70eeccbdc');
    expect(childName('restore', 'uid')).toBe('dmr-17b788a70eeccbdc');
    expect(childName('delete', 'uid')).toBe('dmd-17b788a70eeccbdc');
  });

  it('are valid object names and label values for any input', () => {
    fc.assert(
      fc.property(fc.string(), objectName, fc.string(), (uid, namespace, name) => {
        for (const made of [
          backupName(uid, name),
          restoreName(uid, namespace, name),
          childName('delete', uid),
        ]) {
          expect(made).toMatch(DNS_LABEL);
          expect(labelValue(made)).toBe(made);
        }
      }),
    );
  });

  it('differ if any part differs, even if the concatenated parts are equal', () => {
    const uids = ['a', 'b', 'ab', ''];
    const names = uids.flatMap((backup) => uids.map((pvc) => backupName(backup, pvc)));
    expect(new Set(names).size).toBe(names.length);
    expect(shortHash('ab', 'c')).not.toBe(shortHash('a', 'bc'));
    expect(restoreName('u', 'shop', 'data')).not.toBe(restoreName('u', 'shop-data', ''));
  });

  it('are the same every time', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (backup, pvc) => {
        expect(backupName(backup, pvc)).toBe(backupName(backup, pvc));
      }),
    );
  });
});

describe('labelValue', () => {
  it('leaves a text of up to 63 characters alone', () => {
    expect(labelValue('')).toBe('');
    expect(labelValue('a'.repeat(63))).toBe('a'.repeat(63));
  });

  it('cuts a longer one as Velero does: 57 characters and the first six hex digits of its SHA-256', () => {
    expect(labelValue('a'.repeat(64))).toBe(`${'a'.repeat(57)}ffe054`);
    expect(labelValue('this-is-a-backup-name-that-is-much-too-long-for-a-label-value-of-kubernetes')).toBe(
      'this-is-a-backup-name-that-is-much-too-long-for-a-label-v2b063f',
    );
  });

  it('returns a valid label value for every object name', () => {
    fc.assert(
      fc.property(objectName, (name) => {
        expect(labelValue(name)).toMatch(LABEL_VALUE);
      }),
    );
  });
});

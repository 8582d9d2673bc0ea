import { describe, expect, it } from '@jest/globals';
import { childIdentity, requestUidOf } from './child-identity.ts';

const BACKUP = { kind: 'backup', prefix: 'dmb' };
const RESTORE = { kind: 'restore', prefix: 'dmr' };

const request = (namespace: string, uid: string) => ({
  apiVersion: 'oadp.openshift.io/v1alpha1',
  kind: 'DataMoverBackup',
  metadata: { namespace, name: 'b1', uid },
});

describe('the children of a request', () => {
  it('have its uid as a label, and its namespace and name as an annotation', () => {
    const child = childIdentity(BACKUP, request('app', 'u-1'));
    expect(child).toMatchObject({
      kind: 'backup',
      labels: { 'oadp.openshift.io/request-kind': 'backup', 'oadp.openshift.io/request-uid': 'u-1' },
      annotations: {
        'oadp.openshift.io/request': 'app/b1',
        'oadp.openshift.io/traceparent': expect.stringMatching(/^00-/),
      },
    });
    expect(requestUidOf(child)).toBe('u-1');
  });

  it('have the same name every time, and another one for every other request', () => {
    const names = [
      childIdentity(BACKUP, request('app', 'u-1')),
      childIdentity(BACKUP, request('other', 'u-2')),
      childIdentity(RESTORE, request('app', 'u-1')),
    ].map(({ name }) => name);
    expect(new Set(names).size).toBe(3);
    expect(childIdentity(BACKUP, request('app', 'u-1')).name).toBe(names[0]);
    for (const name of names) expect(`volsync-src-${name}-cache`.length).toBeLessThanOrEqual(63);
  });
});

import { describe, expect, it } from '@jest/globals';
import { keyOf, type Resource } from '../../api/kubernetes/meta.ts';
import { FINALIZER } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverBackups, dataMoverDeletes, dataMoverRestores } from '../../api/datamover/v1alpha1/kinds.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import {
  NOTHING,
  VICTIM,
  type Wish,
  claimRef,
  make,
  marked,
  restoreOf,
  snapshotContent,
  tenant,
  tryAs,
  until,
  useTenant,
  velero,
} from './tenant-fixture.ts';

/** What the API server with our admission policies refuses from a tenant. */

useTenant();

describe('the API server', () => {
  it.each<[string, Wish, string]>([
    [
      'a delete of data',
      {
        kind: dataMoverDeletes,
        spec: { result: { mover: 'VolSync', repository: 'c1/victim/data', snapshotID: 'abcdef01' } },
      },
      'obeyed in Velero',
    ],
    ['marks of a Velero backup', { metadata: marked() }, '"attest"'],
    [
      'marks of a Velero restore',
      {
        ...restoreOf('c1/victim/data'),
        metadata: { annotations: { 'oadp.openshift.io/velero-restore': 'r' } },
      },
      '"attest"',
    ],
    [
      'a destination elsewhere',
      { kind: dataMoverRestores, spec: { destinationClaimRef: { name: 'x', namespace: VICTIM } } },
      'must be the namespace of the DataMoverRestore itself',
    ],
    ['an installation', { spec: { ...NOTHING, installation: 'velero-b' } }, '"attest"'],
    ['our finalizer', { metadata: { finalizers: [FINALIZER] } }, "is the controller's"],
  ])('refuses %s from a tenant, and reports the reason', async (_, wish, text) => {
    await until('the refusal', async () => (await tryAs(tenant, wish)).includes(text));
    expect(await tryAs(tenant, wish)).toMatch(/403 Forbidden|422 Invalid/);
  });

  it('accepts a restore from Velero, whose marks and source a tenant cannot change', async () => {
    const metadata = {
      annotations: { 'oadp.openshift.io/velero-restore': 'r' },
      labels: { 'velero.io/restore-uid': 'u' },
    };
    const spec = { destinationClaimRef: { name: 'nowhere' } };
    const made = await make(velero, { kind: dataMoverRestores, metadata, spec });
    const patch = (who: KubeClient, body: Record<string, unknown>) =>
      who.mergePatch(dataMoverRestores, keyOf(made), body);
    const source = restoreOf('c1/victim/data').spec as { source: object };
    await expect(patch(tenant, { metadata: { labels: { 'velero.io/restore-uid': null } } })).rejects.toThrow(
      '"attest"',
    );
    await expect(patch(tenant, { spec: { source: source.source } })).rejects.toThrow('filled in by Velero');
    await patch(velero, { spec: { source: source.source } });
    await patch(tenant, { spec: { cancel: true } });
    await tenant.delete(dataMoverRestores, keyOf(made));
  });

  it('refuses a change of the spec of a request, and a status from a tenant', async () => {
    const status = {
      phase: 'Completed',
      result: { mover: 'VolSync', repository: 'c1/victim/data', snapshotID: 'abcdef01' },
    };
    const made = await make<Resource & { status?: { result?: object } }>(tenant, {
      ...snapshotContent('none'),
      status,
    });
    expect(made.status?.result).toBeUndefined();
    const key = keyOf(made);
    await expect(tenant.mergePatch(dataMoverBackups, key, { spec: claimRef })).rejects.toMatchObject({
      code: 422,
    });
    await expect(
      tenant.mergePatch(dataMoverBackups, key, { status }, { subresource: 'status' }),
    ).rejects.toMatchObject({ code: 403 });
  });
});

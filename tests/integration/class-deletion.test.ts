import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import type { DataMoverClass } from '../../api/datamover/v1alpha1/data-mover-class.ts';
import { FINALIZER } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverClasses } from '../../api/datamover/v1alpha1/kinds.ts';
import { createKubeClient } from '../../kube/client/http-kube-client.ts';
import type { DeleteOptions, KubeClient } from '../../kube/client/kube-client.ts';
import { KubeError } from '../../kube/client/kube-error.ts';
import { startControlPlane, type ControlPlane } from './control-plane.ts';
import { installCrds } from './install-crds.ts';

/**
 * Tests the effect of config/policy/classes.yaml on the deletion of a class. Another test covers how users are recorded in the
 * class.
 */

const policyKind = (kind: string, plural: string): Kind<Resource> => ({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind,
  plural,
  namespaced: false,
});
const KINDS = [
  policyKind('ValidatingAdmissionPolicy', 'validatingadmissionpolicies'),
  policyKind('ValidatingAdmissionPolicyBinding', 'validatingadmissionpolicybindings'),
];

let plane: ControlPlane;
let client: KubeClient;

beforeAll(async () => {
  plane = await startControlPlane();
  client = createKubeClient(plane.config, { fieldManager: 'test' });
  await installCrds(client);
  const file = join(import.meta.dirname, '../../config/policy/classes.yaml');
  for (const document of parseAllDocuments(readFileSync(file, 'utf8'))) {
    const object = document.toJS() as Resource;
    await client.apply(
      KINDS.find(({ kind }) => kind === object.kind)!,
      object,
    );
  }
}, 300_000);

afterAll(async () => {
  await client.close();
  await plane.stop();
});

/** Creates a class whose status lists these requests as users. */
async function makeClass(name: string, users: readonly string[]): Promise<void> {
  const object = { apiVersion: 'oadp.openshift.io/v1alpha1', kind: 'DataMoverClass', metadata: { name } };
  await client.create(dataMoverClasses, {
    ...object,
    metadata: { name, finalizers: [FINALIZER] },
    spec: { mover: 'VolSync' },
  } as DataMoverClass);
  await client.applyStatus(dataMoverClasses, {
    ...object,
    status: { ...(users.length > 0 && { inUse: { requests: users.length, names: [...users] } }) },
  } as DataMoverClass);
}

async function deletion(name: string, options: DeleteOptions = {}): Promise<string> {
  try {
    await client.delete(dataMoverClasses, { name }, options);
    return 'accepted';
  } catch (error) {
    return `${String(KubeError.from(error).code)} ${KubeError.from(error).message}`;
  }
}

const isBeingDeleted = async (name: string) =>
  (await client.get(dataMoverClasses, { name }))?.metadata.deletionTimestamp !== undefined;

it('refuses to delete a class that is in use, names its users and the ways out', async () => {
  // A policy takes effect some moments after its creation.
  let refusal = 'accepted';
  for (let i = 0; refusal === 'accepted'; i++) {
    await makeClass(`used-${String(i)}`, ['DataMoverBackup shop/b1', 'DataMoverRestore shop/r1']);
    refusal = await deletion(`used-${String(i)}`);
    expect(i).toBeLessThan(1_000);
  }
  expect(refusal).toMatch(
    /^403 .*is in use by requests that have not ended \(2\): DataMoverBackup shop\/b1, DataMoverRestore shop\/r1; wait for them or cancel them\. With --force/,
  );
});

it('accepts it by force: the class stays behind its finalizer', async () => {
  await makeClass('forced', ['DataMoverBackup shop/b1']);
  expect(await deletion('forced')).toMatch(/^403/);
  expect(await deletion('forced', { gracePeriodSeconds: 0 })).toBe('accepted');
  expect(await isBeingDeleted('forced')).toBe(true);
  // A repeated deletion changes nothing and is accepted.
  expect(await deletion('forced')).toBe('accepted');
});

it('accepts the deletion of an unused class', async () => {
  await makeClass('free', []);
  expect(await deletion('free')).toBe('accepted');
  expect(await isBeingDeleted('free')).toBe(true);
});

it('refuses to change the mover of a class', async () => {
  await makeClass('kept', []);
  const change = client.mergePatch(dataMoverClasses, { name: 'kept' }, { spec: { mover: 'Other' } });
  await expect(change).rejects.toThrow(/mover cannot be changed after creation; make another class/);
});

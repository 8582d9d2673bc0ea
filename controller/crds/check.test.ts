import { describe, expect, it } from '@jest/globals';
import {
  customResourceDefinitions,
  type CustomResourceDefinition,
  type OpenApiSchema,
} from '../../api/kubernetes/apiextensions.ts';
import { crdDefinitions } from '../../api/datamover/v1alpha1/crds.ts';
import { customResourceDefinition } from '../../hack/gen/crd.ts';
import { KubeError } from '../../kube/client/kube-error.ts';
import { FakeKube } from '../../tests/fakes/fake-kube.ts';
import { checkCrds } from './check.ts';

/** Installs the CRDs of this version after applying `change` to the schema of one kind. */
function install(kind?: string, change: (schema: OpenApiSchema) => void = () => undefined): FakeKube {
  const kube = new FakeKube();
  for (const definition of crdDefinitions) {
    const crd = structuredClone(customResourceDefinition(definition)) as unknown as CustomResourceDefinition;
    const schema = crd.spec.versions[0]?.schema?.openAPIV3Schema;
    if (definition.kind.kind === kind && schema !== undefined) change(schema);
    kube.seed(customResourceDefinitions, crd);
  }
  return kube;
}

const check = (kube: FakeKube): Promise<void> =>
  checkCrds(kube.client(), crdDefinitions, new AbortController().signal);

/** Returns the schema of the field at this path. */
function at(schema: OpenApiSchema, ...path: string[]): OpenApiSchema {
  return path.reduce((one, name) => one.properties?.[name] ?? {}, schema);
}

const REMEDY = /apply the config\/default of this version of the controller/;

describe('a controller starts', () => {
  it('with the CustomResourceDefinitions of its own version', async () => {
    await expect(check(install())).resolves.toBeUndefined();
  });

  it('with newer ones', async () => {
    const newer = install('DataMoverBackup', (schema) => {
      Object.assign(at(schema, 'status').properties ?? {}, { later: { type: 'string' } });
      const { enum: phases = [] } = at(schema, 'status', 'phase');
      at(schema, 'status', 'phase').enum = [...phases, 'Later'];
    });
    await expect(check(newer)).resolves.toBeUndefined();
  });
});

describe('a controller that is newer than its CustomResourceDefinitions does not start, and the error names', () => {
  it.each<[string, string, RegExp, (schema: OpenApiSchema) => void]>([
    [
      'a field that is missing',
      'DataMoverBackup',
      /datamoverbackups\.oadp\.openshift\.io is older than this controller and lacks status\.orphanedSnapshots;/,
      (schema) => delete at(schema, 'status').properties?.['orphanedSnapshots'],
    ],
    [
      'a field in a field',
      'DataMoverRestore',
      /datamoverrestores\.oadp\.openshift\.io .* lacks status\.replaces\.outcome;/,
      (schema) => delete at(schema, 'status', 'replaces').properties?.['outcome'],
    ],
    [
      'a field in a list',
      'DataMoverDelete',
      /datamoverdeletes\.oadp\.openshift\.io .* lacks status\.conditions\[\]\.observedGeneration;/,
      (schema) => delete at(schema, 'status', 'conditions').items?.properties?.['observedGeneration'],
    ],
    [
      'a value that is missing',
      'DataMoverPrune',
      /datamoverprunes\.oadp\.openshift\.io .* lacks status\.phase: Removing;/,
      (schema) => {
        const phase = at(schema, 'status', 'phase');
        phase.enum = phase.enum?.filter((value) => value !== 'Removing') ?? [];
      },
    ],
  ])('%s', async (_, kind, message, change) => {
    const kube = install(kind, change);
    await expect(check(kube)).rejects.toThrow(message);
    await expect(check(kube)).rejects.toThrow(REMEDY);
  });

  it('a definition that is not installed', async () => {
    const kube = install();
    kube.remove(customResourceDefinitions, { name: 'datamoverclasses.oadp.openshift.io' });
    await expect(check(kube)).rejects.toThrow(
      /CustomResourceDefinition datamoverclasses\.oadp\.openshift\.io is not installed/,
    );
  });

  it('a definition that it may not read, with the same remedy', async () => {
    const kube = install();
    kube.before = () => {
      throw new KubeError({ code: 403, reason: 'Forbidden', message: 'not allowed' });
    };
    await expect(check(kube)).rejects.toThrow(/cannot be read: not allowed; apply the config\/default/);
  });
});

import { crdDefinitions } from '../api/datamover/v1alpha1/crds.ts';
import { customResourceDefinition } from './gen/crd.ts';
import { generatedYaml, writeGenerated } from './gen/generated-file.ts';

for (const definition of crdDefinitions) {
  const { group, plural } = definition.kind;
  writeGenerated(
    `config/crd/bases/${group}_${plural}.yaml`,
    generatedYaml('hack/gen-crds.ts', customResourceDefinition(definition)),
  );
}

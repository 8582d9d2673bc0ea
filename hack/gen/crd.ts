import { type CrdDefinition } from '../../api/schema/crd.ts';
import { CATEGORY } from '../../api/datamover/v1alpha1/crds.ts';
import { rules } from '../../api/schema/rules.ts';
import { structuralSchema, type StructuralSchema } from './structural-schema.ts';

/** A CustomResourceDefinition, with its fields in reading order. */
export interface CustomResourceDefinition {
  apiVersion: 'apiextensions.k8s.io/v1';
  kind: 'CustomResourceDefinition';
  metadata: { name: string };
  spec: {
    group: string;
    names: {
      kind: string;
      listKind: string;
      plural: string;
      singular: string;
      shortNames: string[];
      categories: string[];
    };
    scope: 'Cluster' | 'Namespaced';
    versions: {
      name: string;
      served: boolean;
      storage: boolean;
      subresources: { status: object };
      additionalPrinterColumns: object[];
      schema: { openAPIV3Schema: StructuralSchema };
    }[];
  };
}

/** Returns the CustomResourceDefinition of one kind. */
export function customResourceDefinition(definition: CrdDefinition): CustomResourceDefinition {
  const { kind, shortName, columns } = definition;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.plural}.${kind.group}` },
    spec: {
      group: kind.group,
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.plural,
        singular: kind.kind.toLowerCase(),
        shortNames: [shortName],
        categories: [CATEGORY],
      },
      scope: kind.namespaced ? 'Namespaced' : 'Cluster',
      versions: [
        {
          name: kind.version,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: columns.map((column) => ({ ...column })),
          schema: { openAPIV3Schema: objectSchema(definition) },
        },
      ],
    },
  };
}

function objectSchema({ description, spec, status, rules: ofObject }: CrdDefinition): StructuralSchema {
  return {
    type: 'object',
    description,
    ...(ofObject !== undefined && rules(...ofObject)),
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec: structuralSchema(spec),
      status: structuralSchema(status),
    },
  };
}

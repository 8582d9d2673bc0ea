import type { Kind, Resource } from './meta.ts';

/** The fields of `apiextensions.k8s.io/v1` that this project reads. */

export interface CustomResourceDefinition extends Resource {
  spec: {
    versions: {
      name: string;
      served: boolean;
      schema?: { openAPIV3Schema?: OpenApiSchema };
    }[];
  };
}

export interface OpenApiSchema {
  enum?: readonly unknown[];
  properties?: Record<string, OpenApiSchema>;
  items?: OpenApiSchema;
  additionalProperties?: OpenApiSchema | boolean;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
}

export const customResourceDefinitions: Kind<CustomResourceDefinition> = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
};

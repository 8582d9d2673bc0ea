import type { Condition, Kind, Resource } from '../../api/kubernetes/meta.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';

/** A custom kind of the tests: with a status subresource, a default and a rule. */
export interface Widget extends Resource {
  spec?: { size?: number; color?: string; tags?: Record<string, string> };
  status?: { phase?: string; conditions?: Condition[] };
}

export const widgets: Kind<Widget> = {
  group: 'integration.example.com',
  version: 'v1',
  kind: 'Widget',
  plural: 'widgets',
  namespaced: true,
};

export const namespaces: Kind<Resource> = {
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  namespaced: false,
};

export const configMaps: Kind<Resource & { data?: Record<string, string> }> = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
};

interface CustomResourceDefinition extends Resource {
  spec?: unknown;
  status?: { conditions?: Condition[] };
}

const definitions: Kind<CustomResourceDefinition> = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
};

const text = { type: 'string' };

export function widget(
  name: string,
  more: Omit<Partial<Widget>, 'metadata'> & { metadata?: object } = {},
): Widget {
  const { metadata, ...rest } = more;
  return {
    apiVersion: 'integration.example.com/v1',
    kind: 'Widget',
    metadata: { namespace: 'default', name, ...metadata },
    ...rest,
  };
}

export const configMap = (name: string, data: Record<string, string> = {}, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace: 'default', name, ...metadata },
  data,
});

/** Installs the kind and waits until the API server serves it. */
export async function installWidgets(client: KubeClient): Promise<void> {
  const name = `${widgets.plural}.${widgets.group}`;
  await client.apply(definitions, {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name },
    spec: {
      group: widgets.group,
      scope: 'Namespaced',
      names: { kind: widgets.kind, plural: widgets.plural, singular: 'widget', listKind: 'WidgetList' },
      versions: [
        {
          name: widgets.version,
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: { openAPIV3Schema: schema },
        },
      ],
    },
  });
  await eventually(async () => {
    const definition = await client.get(definitions, { name });
    return definition?.status?.conditions?.some(
      ({ type, status }) => type === 'Established' && status === 'True',
    );
  });
}

const schema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: {
        size: { type: 'integer', maximum: 100 },
        color: { ...text, default: 'grey' },
        tags: { type: 'object', additionalProperties: text },
      },
    },
    status: {
      type: 'object',
      properties: {
        phase: text,
        conditions: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['type'],
          items: {
            type: 'object',
            required: ['type', 'status', 'reason', 'message', 'lastTransitionTime'],
            properties: {
              type: text,
              status: text,
              reason: text,
              message: text,
              lastTransitionTime: { ...text, format: 'date-time' },
              observedGeneration: { type: 'integer' },
            },
          },
        },
      },
    },
  },
};

/** Polls until the answer is yes; fails after `limitMs`. */
export async function eventually(
  ask: () => Promise<boolean | undefined> | boolean | undefined,
  limitMs = 60_000,
): Promise<void> {
  const giveUpAt = Date.now() + limitMs;
  while ((await ask()) !== true) {
    if (Date.now() > giveUpAt) throw new Error(`not so after ${String(limitMs / 1000)} s: ${ask.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

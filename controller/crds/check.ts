import { z } from 'zod';
import {
  customResourceDefinitions,
  type CustomResourceDefinition,
  type OpenApiSchema,
} from '../../api/kubernetes/apiextensions.ts';
import type { CrdDefinition } from '../../api/schema/crd.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { isForbidden } from '../../kube/client/kube-error.ts';
import { gapsBetween } from './gaps.ts';

const REMEDY = 'apply the config/default of this version of the controller (kubectl apply --server-side -k)';

/** Maximum number of gaps that the error lists, to keep it readable. */
const NAMED = 5;

/**
 * Ensures that the installed CRDs contain every field that this program writes.
 * @throws Error that names each CustomResourceDefinition that is missing or too old, what it lacks, and the remedy
 */
export async function checkCrds(
  client: KubeClient,
  definitions: readonly CrdDefinition[],
  signal: AbortSignal,
): Promise<void> {
  const problems = await Promise.all(definitions.map((one) => problemOf(client, one, signal)));
  const found = problems.filter((problem) => problem !== undefined);
  if (found.length > 0) throw new Error(`${found.join('; ')}; ${REMEDY}`);
}

async function problemOf(
  client: KubeClient,
  definition: CrdDefinition,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { plural, group, version } = definition.kind;
  const name = `${plural}.${group}`;
  const crd = await read(client, name, signal);
  if (crd === undefined) return `CustomResourceDefinition ${name} is not installed`;
  const gaps = gapsOf(definition, crd);
  if (gaps === undefined) return `CustomResourceDefinition ${name} does not serve version ${version}`;
  if (gaps.length === 0) return undefined;
  const more = gaps.length > NAMED ? ` and ${String(gaps.length - NAMED)} more` : '';
  return `CustomResourceDefinition ${name} is older than this controller and lacks ${gaps.slice(0, NAMED).join(', ')}${more}`;
}

async function read(
  client: KubeClient,
  name: string,
  signal: AbortSignal,
): Promise<CustomResourceDefinition | undefined> {
  try {
    return await client.get(customResourceDefinitions, { name }, { signal });
  } catch (error) {
    if (!isForbidden(error)) throw error;
    throw new Error(`CustomResourceDefinition ${name} cannot be read: ${error.message}; ${REMEDY}`, {
      cause: error,
    });
  }
}

/** Returns the fields and values that the installed CRD lacks, or `undefined` if it does not serve the version. */
function gapsOf({ kind, spec, status }: CrdDefinition, crd: CustomResourceDefinition): string[] | undefined {
  const version = crd.spec.versions.find(({ name, served }) => served && name === kind.version);
  if (version === undefined) return undefined;
  const { properties } = version.schema?.openAPIV3Schema ?? {};
  return [
    ...gapsBetween(schemaOf(spec), properties?.['spec'], 'spec'),
    ...gapsBetween(schemaOf(status), properties?.['status'], 'status'),
  ];
}

function schemaOf(schema: z.ZodType): OpenApiSchema {
  return z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input' }) as OpenApiSchema;
}

import type { OpenApiSchema } from '../../api/kubernetes/apiextensions.ts';

/**
 * Returns what `needed` has and `served` lacks: paths of fields, and values of enumerations. The API server would reject or drop
 * each of them. Fields that only `served` has are not gaps, because an older program does not write them.
 */
export function gapsBetween(
  needed: OpenApiSchema,
  served: OpenApiSchema | undefined,
  path: string,
): string[] {
  if (served === undefined) return [path];
  if (served['x-kubernetes-preserve-unknown-fields'] === true) return [];
  return [
    ...Object.entries(needed.properties ?? {}).flatMap(([name, field]) =>
      gapsBetween(field, served.properties?.[name], `${path}.${name}`),
    ),
    ...(needed.items === undefined ? [] : gapsBetween(needed.items, served.items, `${path}[]`)),
    ...gapsInValues(needed, served, path),
    ...gapsInEnum(needed, served, path),
  ];
}

/** Compares the value schemas of a map with arbitrary keys. */
function gapsInValues(needed: OpenApiSchema, served: OpenApiSchema, path: string): string[] {
  if (typeof needed.additionalProperties !== 'object' || served.additionalProperties === true) return [];
  const values = served.additionalProperties === false ? undefined : served.additionalProperties;
  return gapsBetween(needed.additionalProperties, values, `${path}.*`);
}

function gapsInEnum(needed: OpenApiSchema, served: OpenApiSchema, path: string): string[] {
  const { enum: allowed } = served;
  if (allowed === undefined) return [];
  const missing = needed.enum?.filter((value) => !allowed.includes(value)) ?? [];
  return missing.map((value) => `${path}: ${String(value)}`);
}

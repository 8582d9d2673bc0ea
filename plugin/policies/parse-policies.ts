import { parseAllDocuments } from 'yaml';
import { PluginError } from '../plugin-error.ts';
import { compileConditions, mapOf, optionalList, textOf } from './conditions.ts';
import {
  policyActions,
  type PolicyAction,
  type ResourceFilters,
  type ResourcePolicies,
  type VolumePolicy,
} from './volume-policy.ts';

/** The only version. */
const VERSION = 'v1';

/**
 * Parses the policies in a YAML text as Velero does; other content of the text is ignored. `where` names the text. This module
 * loads the YAML parser, so only a backup with policies loads this module.
 */
export function parsePolicies(text: string, where: string): ResourcePolicies {
  const document = mapOf(parseYaml(text, where), where);
  const { version, volumePolicies } = document;
  if (version !== VERSION) {
    const found = version === undefined ? 'missing' : JSON.stringify(version);
    throw new PluginError(`version in ${where} is ${found}; it must be ${VERSION}`);
  }
  return { volumes: parseVolumes(volumePolicies, where), filters: parseFilters(document, where) };
}

function parseVolumes(raw: unknown, where: string): VolumePolicy[] {
  if (raw === null || raw === undefined) return [];
  if (!Array.isArray(raw)) throw new PluginError(`volumePolicies in ${where} must be a list`);
  return raw.map((one, index) => parsePolicy(one, index, where));
}

function parseFilters(document: Readonly<Record<string, unknown>>, where: string): ResourceFilters {
  const path = `includeExcludePolicy in ${where}`;
  const { includeExcludePolicy, namespacedFilterPolicies } = document;
  const { includedNamespaceScopedResources, excludedNamespaceScopedResources } = mapOf(
    includeExcludePolicy,
    path,
  );
  return {
    included: optionalList(includedNamespaceScopedResources, path),
    excluded: optionalList(excludedNamespaceScopedResources, path),
    perNamespace: Array.isArray(namespacedFilterPolicies) && namespacedFilterPolicies.length > 0,
  };
}

function parsePolicy(raw: unknown, index: number, where: string): VolumePolicy {
  const path = `volumePolicies[${String(index)}]`;
  const origin = `${path} in ${where}`;
  const { conditions, action } = mapOf(raw, origin);
  const { type, parameters } = mapOf(action, `${path}.action in ${where}`);
  return {
    origin,
    meets: compileConditions(conditions, `${path}.conditions`),
    action: actionOf(type, origin),
    parameters: mapOf(parameters, `${path}.action.parameters in ${where}`),
  };
}

function actionOf(type: unknown, origin: string): PolicyAction {
  const text = type === null || type === undefined ? '' : textOf(type, origin);
  const action = policyActions.find((known) => known === text);
  if (action === undefined)
    throw new PluginError(
      `the action of ${origin} is "${text}"; it must be one of ${policyActions.join(', ')}`,
    );
  return action;
}

/** Parses the first document of the text if it contains several. */
function parseYaml(text: string, where: string): unknown {
  const [document] = parseAllDocuments(text, { merge: true });
  const [cause] = document?.errors ?? [];
  if (cause !== undefined) throw new PluginError(`${where} is not YAML: ${cause.message}`, { cause });
  return document?.toJS();
}

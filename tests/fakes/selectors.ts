import type { Resource } from '../../api/meta.ts';

type Requirement = (labels: Readonly<Record<string, string>>) => boolean;

const within = /^([^\s!=,()]+)\s+(in|notin)\s+\(([^)]*)\)$/;
const equal = /^([^\s!=,()]+)\s*(==|=|!=)\s*([^\s!=,()]*)$/;

/** The label-selector syntax of Kubernetes: `a=b,c!=d,e in (f,g),h notin (i),j,!k`. */
export function matchesLabels(selector: string | undefined, object: Resource): boolean {
  const labels = object.metadata.labels ?? {};
  return splitTerms(selector ?? '').every((term) => requirement(term)(labels));
}

/** `path=value` and `path!=value` terms over any field, such as `spec.nodeName=node-1`. */
export function matchesFields(selector: string | undefined, object: Resource): boolean {
  return splitTerms(selector ?? '').every((term) => {
    const [, path = '', operator, value] = equal.exec(term) ?? fail(term);
    return (fieldOf(object, path) === value) === (operator !== '!=');
  });
}

function requirement(term: string): Requirement {
  const set = within.exec(term);
  if (set !== null) {
    const [, key = '', operator, list = ''] = set;
    const values = list.split(',').map((value) => value.trim());
    return (labels) => {
      const value = labels[key];
      const found = value !== undefined && values.includes(value);
      return operator === 'in' ? found : !found;
    };
  }
  const pair = equal.exec(term);
  if (pair !== null) {
    const [, key = '', operator, value] = pair;
    return (labels) => (labels[key] === value) === (operator !== '!=');
  }
  if (term.startsWith('!')) return (labels) => !(term.slice(1).trim() in labels);
  return (labels) => term in labels;
}

/** Splits at commas outside parentheses. */
function splitTerms(selector: string): string[] {
  return selector
    .split(/,(?![^(]*\))/)
    .map((term) => term.trim())
    .filter((term) => term !== '');
}

function fieldOf(object: unknown, path: string): string {
  const value = path
    .split('.')
    .reduce<unknown>(
      (at, name) =>
        typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[name] : undefined,
      object,
    );
  return value === undefined ? '' : String(value);
}

function fail(term: string): never {
  throw new Error(`not a field selector: ${term}`);
}

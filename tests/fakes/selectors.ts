import { parseSelector } from '../../api/kubernetes/label-selector.ts';
import type { Resource } from '../../api/kubernetes/meta.ts';

const equal = /^([^\s!=,()]+)\s*(==|=|!=)\s*([^\s!=,()]*)$/;

/** Matches labels with the selector syntax of Kubernetes: `a=b,c!=d,e in (f,g),h notin (i),j,!k`. */
export function matchesLabels(selector: string | undefined, object: Resource): boolean {
  return parseSelector(selector ?? '')(object.metadata.labels ?? {});
}

/** Matches `path=value` and `path!=value` terms over any field, such as `spec.nodeName=node-1`. */
export function matchesFields(selector: string | undefined, object: Resource): boolean {
  return splitTerms(selector ?? '').every((term) => {
    const [, path = '', operator, value] = equal.exec(term) ?? fail(term);
    return (fieldOf(object, path) === value) === (operator !== '!=');
  });
}

function splitTerms(selector: string): string[] {
  return selector
    .split(',')
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
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function fail(term: string): never {
  throw new Error(`not a field selector: ${term}`);
}

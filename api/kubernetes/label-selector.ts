/** The label selectors of `kubectl --selector`, evaluated locally, so matching classes and backups needs no list call. */

export type Labels = Readonly<Record<string, string>>;

/** `metav1.LabelSelector`, for example in Velero's Backup. */
export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

/** Thrown if a text is not a label selector. */
export class SelectorSyntaxError extends Error {
  constructor(selector: string, requirement: string) {
    super(
      `"${selector}" is not a label selector: "${requirement}" is none of key, !key, key=value, key!=value, key in (a,b), key notin (a,b), key>1, key<1`,
    );
    this.name = 'SelectorSyntaxError';
  }
}

type Requirement = (labels: Labels) => boolean;

/** `prefix/name` or `name`, and values, as Kubernetes allows them. A selector with anything else is an error. */
const KEY = String.raw`((?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)`;
const VALUE = String.raw`(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?`;
const VALUES = String.raw`\(\s*(?!\s*\))(${VALUE}(?:\s*,\s*${VALUE})*)\s*\)`;
const INTEGER = String.raw`(-?\d+)`;

const FORMS: readonly [RegExp, (key: string, value: string) => Requirement][] = [
  [new RegExp(`^${KEY}$`), (key) => (labels) => Object.hasOwn(labels, key)],
  [new RegExp(`^!\\s*${KEY}$`), (key) => (labels) => !Object.hasOwn(labels, key)],
  [new RegExp(`^${KEY}\\s*==?\\s*(${VALUE})$`), (key, value) => isIn(key, [value])],
  [new RegExp(`^${KEY}\\s*!=\\s*(${VALUE})$`), (key, value) => not(isIn(key, [value]))],
  [new RegExp(`^${KEY}\\s+in\\s*${VALUES}$`), (key, values) => isIn(key, splitValues(values))],
  [new RegExp(`^${KEY}\\s+notin\\s*${VALUES}$`), (key, values) => not(isIn(key, splitValues(values)))],
  [new RegExp(`^${KEY}\\s*>\\s*${INTEGER}$`), (key, bound) => compares(key, (n) => n > Number(bound))],
  [new RegExp(`^${KEY}\\s*<\\s*${INTEGER}$`), (key, bound) => compares(key, (n) => n < Number(bound))],
];

/** Compiles a selector; an empty one matches everything. Throws {@link SelectorSyntaxError}. */
export function parseSelector(selector: string): (labels: Labels) => boolean {
  const requirements = splitRequirements(selector).map((text) => parseRequirement(selector, text));
  return (labels) => requirements.every((matches) => matches(labels));
}

/** Returns true if the labels match every part; an absent selector matches everything. Unknown operators match nothing. */
export function matchesLabelSelector(selector: LabelSelector | undefined, labels: Labels): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {};
  return (
    Object.entries(matchLabels).every(([key, value]) => isIn(key, [value])(labels)) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      switch (operator) {
        case 'In':
          return isIn(key, values)(labels);
        case 'NotIn':
          return !isIn(key, values)(labels);
        case 'Exists':
          return Object.hasOwn(labels, key);
        case 'DoesNotExist':
          return !Object.hasOwn(labels, key);
        default:
          return false;
      }
    })
  );
}

function parseRequirement(selector: string, text: string): Requirement {
  for (const [form, build] of FORMS) {
    const match = form.exec(text);
    if (match) return build(match[1] ?? '', match[2] ?? '');
  }
  throw new SelectorSyntaxError(selector, text);
}

/** Commas separate requirements, except inside the brackets of a set. */
function splitRequirements(selector: string): string[] {
  return selector
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part, _, all) => part !== '' || all.length > 1);
}

function splitValues(values: string): string[] {
  return values.split(',').map((value) => value.trim());
}

/** Only own properties count: a label may have the name of a method of Object. */
function isIn(key: string, values: readonly string[]): Requirement {
  return (labels) => {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
    return value !== undefined && values.includes(value);
  };
}

/** Returns false for a label that is absent or no integer. */
function compares(key: string, test: (value: number) => boolean): Requirement {
  return (labels) => {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
    return value !== undefined && /^[-+]?\d+$/.test(value) && test(Number(value));
  };
}

function not(requirement: Requirement): Requirement {
  return (labels) => !requirement(labels);
}

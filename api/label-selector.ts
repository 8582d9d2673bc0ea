/** The label-selector language of `kubectl --selector`, evaluated here because classes and backups are matched without a list call. */

export type Labels = Readonly<Record<string, string>>;

/** `metav1.LabelSelector`, as Velero's Backup carries it. */
export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

/** A text that is not a selector. */
export class SelectorSyntaxError extends Error {
  constructor(selector: string, requirement: string) {
    super(
      `"${selector}" is not a label selector: "${requirement}" is none of key, !key, key=value, key!=value, key in (a,b), key notin (a,b)`,
    );
    this.name = 'SelectorSyntaxError';
  }
}

type Requirement = (labels: Labels) => boolean;

const KEY = String.raw`([A-Za-z0-9](?:[-A-Za-z0-9_./]*[A-Za-z0-9])?)`;
const VALUE = String.raw`([-A-Za-z0-9_.]*)`;
const FORMS: readonly [RegExp, (key: string, value: string) => Requirement][] = [
  [new RegExp(`^${KEY}$`), (key) => (labels) => key in labels],
  [new RegExp(`^!\\s*${KEY}$`), (key) => (labels) => !(key in labels)],
  [new RegExp(`^${KEY}\\s*==?\\s*${VALUE}$`), (key, value) => (labels) => labels[key] === value],
  [new RegExp(`^${KEY}\\s*!=\\s*${VALUE}$`), (key, value) => (labels) => labels[key] !== value],
  [new RegExp(`^${KEY}\\s+in\\s*\\(([^()]*)\\)$`), (key, values) => isIn(key, splitValues(values))],
  [new RegExp(`^${KEY}\\s+notin\\s*\\(([^()]*)\\)$`), (key, values) => not(isIn(key, splitValues(values)))],
];

/** Compiles a selector; an empty one matches everything. Throws {@link SelectorSyntaxError}. */
export function parseSelector(selector: string): (labels: Labels) => boolean {
  const requirements = splitRequirements(selector).map((text) => parseRequirement(selector, text));
  return (labels) => requirements.every((matches) => matches(labels));
}

/** True when the labels satisfy every part; an absent selector matches everything. Unknown operators match nothing. */
export function matchesLabelSelector(selector: LabelSelector | undefined, labels: Labels): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {};
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      switch (operator) {
        case 'In':
          return isIn(key, values)(labels);
        case 'NotIn':
          return !isIn(key, values)(labels);
        case 'Exists':
          return key in labels;
        case 'DoesNotExist':
          return !(key in labels);
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

function isIn(key: string, values: readonly string[]): Requirement {
  return (labels) => {
    const value = labels[key];
    return value !== undefined && values.includes(value);
  };
}

function not(requirement: Requirement): Requirement {
  return (labels) => !requirement(labels);
}

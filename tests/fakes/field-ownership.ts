import { isJson, type Json, sameJson } from './json.ts';

/**
 * Server-side apply, as far as tests of controllers need it: ownership per leaf of maps, per element of the lists that Kubernetes
 * treats as maps or sets, and as a whole for every other list.
 */

/** Path of one leaf; list elements appear as `type=Ready` or `=value`. */
type Path = string;
type Step = string;

/** Lists whose elements have a key, and lists that are sets (`''`). */
const listKeys: Readonly<Record<string, string>> = {
  conditions: 'type',
  ownerReferences: 'uid',
  finalizers: '',
  containers: 'name',
  volumes: 'name',
  env: 'name',
};

const join = (steps: readonly Step[]): Path => JSON.stringify(steps);
const split = (path: Path): Step[] => JSON.parse(path) as Step[];

/** Which leaves each manager owns. Applies and other writes of one manager are separate entries, as in Kubernetes. */
export type Owners = Map<string, Set<Path>>;

const identity = new Set(['apiVersion', 'kind']);
const serverOwned = new Set([
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'managedFields',
]);

/** Returns all leaves of an object that a manager can own. */
export function leavesOf(object: Json): Map<Path, unknown> {
  const leaves = new Map<Path, unknown>();
  const visit = (value: unknown, steps: Step[]): void => {
    const name = steps.at(-1) ?? '';
    if (steps.length === 1 && identity.has(name)) return;
    if (steps.length === 2 && steps[0] === 'metadata' && serverOwned.has(name)) return;
    if (value === undefined) return;
    if (isJson(value) && Object.keys(value).length > 0) {
      for (const [member, inner] of Object.entries(value)) visit(inner, [...steps, member]);
    } else if (Array.isArray(value) && listKeys[name] !== undefined) {
      for (const element of value as unknown[]) visit(element, [...steps, elementStep(name, element)]);
    } else if (steps.length > 1 || !isJson(value)) {
      leaves.set(join(steps), value);
    }
  };
  visit(object, []);
  return leaves;
}

export interface ApplyOutcome {
  object: Json;
  /** Leaves that differ and belong to others; empty if forced. */
  conflicts: { path: string; manager: string }[];
}

/** Applies `wanted` onto `live`; changes `owners` unless there are conflicts. */
export function applyFields(
  live: Json,
  wanted: Json,
  how: { owners: Owners; manager: string; force: boolean },
): ApplyOutcome {
  const { owners, manager, force } = how;
  const current = leavesOf(live);
  const next = leavesOf(wanted);
  const conflicts = [...next]
    .filter(([path, value]) => !sameJson(current.get(path), value))
    .flatMap(([path]) =>
      [...owners]
        .filter(([other, paths]) => other !== manager && paths.has(path))
        .map(([other]) => ({ path: `.${split(path).join('.')}`, manager: other })),
    );
  if (conflicts.length > 0 && !force) return { object: live, conflicts };

  const object = structuredClone(live);
  const dropped = [...(owners.get(manager) ?? [])]
    .filter((path) => !next.has(path) && !ownedByOther(owners, manager, path))
    .map(split);
  // The key of a list element is removed last, because the other members are found by it.
  const ordered = [...dropped.filter((steps) => !isElementKey(steps)), ...dropped.filter(isElementKey)];
  for (const steps of ordered) removeAt(object, steps);
  for (const [path, value] of next) {
    if (sameJson(current.get(path), value) && current.has(path)) continue;
    setAt(object, split(path), structuredClone(value));
    for (const [other, paths] of owners) if (other !== manager) paths.delete(path);
  }
  owners.set(manager, new Set(next.keys()));
  return { object, conflicts: [] };
}

/** Records a write that is not an apply: the writer owns what it changed, and what it removed has no owner. */
export function noteUpdate(before: Json, after: Json, how: { owners: Owners; manager: string }): void {
  const { owners, manager } = how;
  const [old, now] = [leavesOf(before), leavesOf(after)];
  const mine = owners.get(manager) ?? new Set<Path>();
  owners.set(manager, mine);
  for (const path of old.keys()) if (!now.has(path)) owners.forEach((paths) => paths.delete(path));
  for (const [path, value] of now) {
    if (old.has(path) && sameJson(old.get(path), value)) continue;
    owners.forEach((paths) => paths.delete(path));
    mine.add(path);
  }
}

function ownedByOther(owners: Owners, manager: string, path: Path): boolean {
  return [...owners].some(([other, paths]) => other !== manager && paths.has(path));
}

const isElementKey = (steps: Step[]): boolean => steps.at(-2)?.startsWith(`${steps.at(-1) ?? ''}=`) === true;

/** Returns a new element, which contains its key from the start. */
function newElement(step: Step): Json {
  const at = step.indexOf('=');
  return { [step.slice(0, at)]: step.slice(at + 1) };
}

function elementStep(list: string, element: unknown): Step {
  const key = listKeys[list] ?? '';
  return key === '' || !isJson(element) ? `=${String(element)}` : `${key}=${String(element[key])}`;
}

function findElement(list: unknown[], name: string, step: Step): number {
  return list.findIndex((element) => elementStep(name, element) === step);
}

function setAt(root: Json, steps: Step[], value: unknown): void {
  let at: Json | unknown[] = root;
  steps.forEach((step, index) => {
    const last = index === steps.length - 1;
    const container: unknown = last ? value : listKeys[step] === undefined ? {} : [];
    if (Array.isArray(at)) {
      const name = steps[index - 1] ?? '';
      let position = findElement(at, name, step);
      if (position < 0) position = at.push(last ? value : newElement(step)) - 1;
      else if (last) at[position] = value;
      at = at[position] as Json;
    } else {
      const known = at[step];
      const usable = isJson(known) || Array.isArray(known);
      if (last || !usable) at[step] = container;
      at = at[step] as Json;
    }
  });
}

/** Removes a leaf, and the containers and list elements that become empty. */
function removeAt(at: Json | unknown[], steps: Step[], name = ''): void {
  const [step, ...rest] = steps;
  if (step === undefined) return;
  const position = Array.isArray(at) ? findElement(at, name, step) : -1;
  const child: unknown = Array.isArray(at) ? at[position] : at[step];
  if (rest.length > 0) {
    if (!isJson(child) && !Array.isArray(child)) return;
    removeAt(child, rest, step);
    if (Object.keys(child).length > 0) return;
  }
  if (!Array.isArray(at)) delete at[step];
  else if (position >= 0) at.splice(position, 1);
}

import { parseSelector, SelectorSyntaxError, type Labels } from '../../kubernetes/label-selector.ts';
import type { ObjectMeta } from '../../kubernetes/meta.ts';
import { misfitOf, type VolumeFacts } from './class-volumes.ts';
import type { DataMoverClass } from './data-mover-class.ts';
import { annotations } from './keys.ts';

/** The class of a PVC and how it was found. */
export type ClassResolution =
  | { outcome: 'resolved'; class: DataMoverClass; by: 'request' | 'annotation' | 'selector' | 'default' }
  /** No class selects the PVC: its data is not moved. */
  | { outcome: 'none'; message: string }
  /** The named class cannot be used, or several match. No other class is used instead. */
  | { outcome: 'failed'; reason: 'ClassNotFound' | 'AmbiguousClass'; message: string };

/** Limits the classes of a claim, besides its labels and annotations. */
export interface ResolutionOptions {
  /** The class that the request names. */
  requested?: string | undefined;
  /** Velero's namespace of the installation that resolves. Absent: classes of all installations count. */
  installation?: string | undefined;
  /** The claim's volume. A selector and the default choose only among classes that take it; a named class is used in any case. */
  volume?: VolumeFacts | undefined;
}

/**
 * Returns the class of a PVC: the one that the request names, else the one in the PVC's annotation, else the only one that
 * takes its volume and selects its labels, else the default class that takes it (see {@link defaultOf}). Classes of other
 * installations are left out if `installation` is given. Plugin and controller both use this function, so they always agree.
 */
export function resolveClass(
  classes: readonly DataMoverClass[],
  pvc: Claimant,
  { requested, installation, volume = {} }: ResolutionOptions = {},
): ClassResolution {
  const { subject, remedy } = wordsFor(pvc);
  if (requested !== undefined)
    return byName(classes, { name: requested, by: 'request', subject, installation });
  const annotated = pvc.metadata.annotations?.[annotations.className];
  if (annotated !== undefined)
    return byName(classes, { name: annotated, by: 'annotation', subject, installation });
  const usable = classes.filter((c) => !isBeingDeleted(c) && isOpenTo(c, installation));
  const selecting = usable.filter((c) => selects(c, pvc.metadata.labels));
  const takes = (c: DataMoverClass): boolean => misfitOf(c, volume) === undefined;
  return (
    bySelector(selecting.filter(takes), { subject, remedy }) ??
    byDefault(usable.filter(takes), installation) ?? {
      outcome: 'none',
      message: whyNone(subject, { selecting, defaults: usable.filter(isDefaultClass), volume }),
    }
  );
}

const CLAIM = 'PersistentVolumeClaim';

/** A claim, or another source of a backup. */
interface Claimant {
  kind?: string;
  metadata: Pick<ObjectMeta, 'name' | 'namespace' | 'labels' | 'annotations'>;
}

function wordsFor({ kind = CLAIM, metadata }: Claimant): { subject: string; remedy: string } {
  return {
    subject: `${kind} ${metadata.namespace ?? ''}/${metadata.name}`,
    // Only claims have the annotation.
    remedy: kind === CLAIM ? `in its annotation ${annotations.className}` : 'in spec.dataMoverClass',
  };
}

/** Returns the class that a request has. A request keeps its class, even if labels change or the class is being deleted. */
export function resolvePinned(classes: readonly DataMoverClass[], name: string): ClassResolution {
  const found = classes.find(({ metadata }) => metadata.name === name);
  return found === undefined
    ? notFound(name, 'the request', classes)
    : { outcome: 'resolved', class: found, by: 'request' };
}

/**
 * Returns true if an installation may use a class. `undefined` means a request that names no installation: the installation of
 * its class serves it.
 */
export function isOpenTo({ spec }: DataMoverClass, installation: string | undefined): boolean {
  return installation === undefined || (spec.installation ?? installation) === installation;
}

/**
 * Returns the installation that a class belongs to. It writes the status of the class, and serves requests that name no
 * installation.
 */
export function installationOfClass({ spec, metadata }: DataMoverClass): string | undefined {
  return spec.installation ?? metadata.annotations?.[annotations.keptBy];
}

/** Returns true if a class is being deleted: only requests that already have it may use it. */
export function isBeingDeleted({ metadata }: DataMoverClass): boolean {
  return metadata.deletionTimestamp !== undefined;
}

/** Returns true if the class has the default annotation. */
export function isDefaultClass(c: DataMoverClass): boolean {
  return c.metadata.annotations?.[annotations.defaultClass] === 'true';
}

interface Wish {
  name: string;
  by: 'request' | 'annotation';
  subject: string;
  installation: string | undefined;
}

function byName(
  classes: readonly DataMoverClass[],
  { name, by, subject, installation }: Wish,
): ClassResolution {
  const found = classes.find((c) => c.metadata.name === name);
  const asker = by === 'annotation' ? `the annotation ${annotations.className} of ${subject}` : 'the request';
  if (found === undefined) return notFound(name, asker, classes);
  if (!isOpenTo(found, installation)) {
    const message = `${asker} names DataMoverClass ${name}, which serves the installation in namespace ${found.spec.installation ?? ''} only, and not the one in ${installation ?? ''}; name a class that serves ${installation ?? ''}`;
    return { outcome: 'failed', reason: 'ClassNotFound', message };
  }
  if (!isBeingDeleted(found)) return { outcome: 'resolved', class: found, by };
  const message = `${asker} names DataMoverClass ${name}, which is being deleted; name another one`;
  return { outcome: 'failed', reason: 'ClassNotFound', message };
}

function notFound(name: string, asker: string, classes: readonly DataMoverClass[]): ClassResolution {
  return { outcome: 'failed', reason: 'ClassNotFound', message: `${asker} names ${unknown(name, classes)}` };
}

function unknown(name: string, classes: readonly DataMoverClass[]): string {
  const known = classes.map((c) => c.metadata.name).join(', ') || 'none';
  return `DataMoverClass ${name}, which does not exist (there are: ${known})`;
}

/** What a request records about the class of data in a repository. */
export interface RecordedClass {
  /** The request, for messages: `DataMoverDelete velero/dmd-1`. */
  subject: string;
  /** The class that created the data. */
  name: string | undefined;
  /** The installation that serves the request. */
  installation: string;
  /** True if the identity of the repository is recorded, so another class cannot lead to the wrong one unnoticed. */
  isIdentified: boolean;
}

/**
 * Returns the class for data in a repository: the recorded one. The default class may lead to another bucket, which lacks the
 * data, so it is used only if the repository is identified or no class is recorded.
 */
export function resolveRecorded(
  classes: readonly DataMoverClass[],
  { subject, name, installation, isIdentified }: RecordedClass,
): ClassResolution {
  const named = classes.find(({ metadata }) => metadata.name === name);
  const isUsable = (c: DataMoverClass): boolean => !isBeingDeleted(c) && isOpenTo(c, installation);
  if (named !== undefined && isUsable(named)) return { outcome: 'resolved', class: named, by: 'request' };
  const fallback = defaultOf(classes.filter(isUsable), installation);
  const isAllowed = name === undefined || isIdentified;
  if (isAllowed && fallback !== undefined) return { outcome: 'resolved', class: fallback, by: 'default' };
  if (name === undefined)
    return {
      outcome: 'none',
      message: `${subject} names no class in spec.dataMoverClass, and ${NO_DEFAULT}`,
    };
  const problem =
    named === undefined ? unknown(name, classes) : `DataMoverClass ${name}, ${whyUnusable(named)}`;
  return {
    outcome: 'failed',
    reason: 'ClassNotFound',
    message: `spec.dataMoverClass of ${subject} names ${problem}; create that class with access to the same repositories, as another class may lead to others`,
  };
}

function whyUnusable(found: DataMoverClass): string {
  return isBeingDeleted(found)
    ? 'which is being deleted'
    : `which serves the installation in namespace ${found.spec.installation ?? ''} only`;
}

const NO_DEFAULT = `none is marked as default (annotation ${annotations.defaultClass}: "true")`;

function bySelector(
  matching: readonly DataMoverClass[],
  { subject, remedy }: { subject: string; remedy: string },
): ClassResolution | undefined {
  const [first] = matching;
  if (first === undefined) return undefined;
  if (matching.length === 1) return { outcome: 'resolved', class: first, by: 'selector' };
  const names = matching.map((c) => c.metadata.name).sort();
  return {
    outcome: 'failed',
    reason: 'AmbiguousClass',
    message: `${subject} is selected by ${String(names.length)} DataMoverClasses (${names.join(', ')}); change its labels or their spec.selector, or name one ${remedy}`,
  };
}

function byDefault(
  classes: readonly DataMoverClass[],
  installation: string | undefined,
): ClassResolution | undefined {
  const chosen = defaultOf(classes, installation);
  return chosen && { outcome: 'resolved', class: chosen, by: 'default' };
}

/** How many classes a message describes; it gives the number of the others. */
const MOST_DESCRIBED = 5;

interface PassedOver {
  selecting: readonly DataMoverClass[];
  defaults: readonly DataMoverClass[];
  volume: VolumeFacts;
}

function whyNone(subject: string, { selecting, defaults, volume }: PassedOver): string {
  const isSelecting = selecting.length > 0;
  const lack = defaults.length > 0 ? [] : [NO_DEFAULT];
  const end = 'its data is not moved';
  if (!isSelecting && lack.length > 0)
    return `no DataMoverClass selects ${subject} and ${NO_DEFAULT}; ${end}`;
  const passed = [...new Set([...selecting, ...defaults])];
  const described = passed
    .slice(0, MOST_DESCRIBED)
    .map((c) => `${c.metadata.name}: ${misfitOf(c, volume) ?? ''}`);
  const more = passed.length - described.length;
  const others = more > 0 ? [`${String(more)} more`] : [];
  return `no DataMoverClass takes ${subject}: ${[...described, ...others, ...lack, end].join('; ')}`;
}

/**
 * Returns the default among classes that an installation may use: one that belongs to it before a shared one, which may lead to
 * another bucket; of several the newest, as for StorageClasses.
 */
function defaultOf(
  classes: readonly DataMoverClass[],
  installation: string | undefined,
): DataMoverClass | undefined {
  const defaults = classes.filter(isDefaultClass);
  const own = defaults.filter(
    ({ spec }) => spec.installation !== undefined && spec.installation === installation,
  );
  return (own.length > 0 ? own : defaults).sort(newestFirst)[0];
}

function selects(c: DataMoverClass, labels: Labels = {}): boolean {
  let matches = matchers.get(c);
  if (matches === undefined) {
    matches = matcherOf(c.spec.selector ?? '');
    matchers.set(c, matches);
  }
  return matches(labels);
}

/** Compiled selectors: tens of thousands of claims are matched one after the other. */
const matchers = new WeakMap<DataMoverClass, (labels: Labels) => boolean>();

/** Compiles a selector. An invalid one selects nothing; the status of the class reports it. */
function matcherOf(selector: string): (labels: Labels) => boolean {
  if (selector.trim() === '') return () => false;
  try {
    return parseSelector(selector);
  } catch (error) {
    if (error instanceof SelectorSyntaxError) return () => false;
    throw error;
  }
}

function newestFirst(a: DataMoverClass, b: DataMoverClass): number {
  const byTime = (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? '');
  return byTime !== 0 ? byTime : a.metadata.name.localeCompare(b.metadata.name);
}

import { parseSelector, SelectorSyntaxError, type Labels } from '../../kubernetes/label-selector.ts';
import type { ObjectMeta } from '../../kubernetes/meta.ts';
import { misfitOf, type VolumeFacts } from './class-volumes.ts';
import type { DataMoverClass } from './data-mover-class.ts';
import { annotations } from './keys.ts';

/** What decides the class of a PVC. */
export type ClassResolution =
  | { outcome: 'resolved'; class: DataMoverClass; by: 'request' | 'annotation' | 'selector' | 'default' }
  /** No class wants the PVC: it is left to Velero. */
  | { outcome: 'none'; message: string }
  /** The wish cannot be met; nothing is guessed. */
  | { outcome: 'failed'; reason: 'ClassNotFound' | 'AmbiguousClass'; message: string };

/** What limits the classes of a claim, beside its own labels and annotations. */
export interface ResolutionOptions {
  /** The name that the request gives. */
  requested?: string | undefined;
  /** Velero's namespace of the installation that asks. Absent: classes of all installations count. */
  installation?: string | undefined;
  /** The claim's volume. A selector and the default choose only among classes that take it; a name is taken as it is. */
  volume?: VolumeFacts | undefined;
}

/**
 * The class of a PVC: the name asked for, else the PVC's annotation, else the one class that takes its volume and whose selector
 * matches its labels, else the default class that takes it (see {@link defaultOf}). Classes of other installations are left out
 * when `installation` is known.
 * Used by the plugin to decide and by the controller to carry out, so that both always agree.
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
  const staying = classes.filter((c) => !isLeaving(c) && isOpenTo(c, installation));
  const selecting = staying.filter((c) => selects(c, pvc.metadata.labels));
  const takes = (c: DataMoverClass): boolean => misfitOf(c, volume) === undefined;
  return (
    bySelector(selecting.filter(takes), { subject, remedy }) ??
    byDefault(staying.filter(takes), installation) ?? {
      outcome: 'none',
      message: whyNone(subject, { selecting, defaults: staying.filter(isDefaultClass), volume }),
    }
  );
}

const CLAIM = 'PersistentVolumeClaim';

/** What has a class: a claim, or another source of a backup. */
interface Claimant {
  kind?: string;
  metadata: Pick<ObjectMeta, 'name' | 'namespace' | 'labels' | 'annotations'>;
}

function wordsFor({ kind = CLAIM, metadata }: Claimant): { subject: string; remedy: string } {
  return {
    subject: `${kind} ${metadata.namespace ?? ''}/${metadata.name}`,
    // Only claims are asked for the annotation.
    remedy: kind === CLAIM ? `in its annotation ${annotations.className}` : 'in spec.dataMoverClass',
  };
}

/** The class that a request has got: it keeps it whatever changes meanwhile, and while the class is being deleted too. */
export function keepClass(classes: readonly DataMoverClass[], name: string): ClassResolution {
  const found = classes.find(({ metadata }) => metadata.name === name);
  return found === undefined
    ? notFound(name, 'the request', classes)
    : { outcome: 'resolved', class: found, by: 'request' };
}

/**
 * Whether an installation may use a class. `undefined` stands for a request that names no installation: it goes to that of its
 * class.
 */
export function isOpenTo({ spec }: DataMoverClass, installation: string | undefined): boolean {
  return installation === undefined || (spec.installation ?? installation) === installation;
}

/** The installation that a class belongs to: it writes its status, and serves what names no installation itself. */
export function keeperOf({ spec, metadata }: DataMoverClass): string | undefined {
  return spec.installation ?? metadata.annotations?.[annotations.keptBy];
}

/** A class that is being deleted stays for those who have it, and serves nobody else. */
export function isLeaving({ metadata }: DataMoverClass): boolean {
  return metadata.deletionTimestamp !== undefined;
}

/** True when the class carries the default annotation. */
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
  if (!isLeaving(found)) return { outcome: 'resolved', class: found, by };
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

/** What a request says about the class of data that lies in a repository already. */
export interface RecordedClass {
  /** The request, for messages: `DataMoverDelete velero/dmd-1`. */
  subject: string;
  /** The class that made the data. */
  name: string | undefined;
  /** The installation that serves the request. */
  installation: string;
  /** True if the repository can be told from any other, so that another class cannot lead to the wrong one unnoticed. */
  isIdentified: boolean;
}

/**
 * The class for data in a repository: the recorded one. The default class may lead to another bucket, where nothing of the data
 * is and nothing can be removed, so it is taken only if the repository is identified, or if no class is recorded.
 */
export function resolveRecorded(
  classes: readonly DataMoverClass[],
  { subject, name, installation, isIdentified }: RecordedClass,
): ClassResolution {
  const named = classes.find(({ metadata }) => metadata.name === name);
  const isUsable = (c: DataMoverClass): boolean => !isLeaving(c) && isOpenTo(c, installation);
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
  return isLeaving(found)
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

/** Classes that a message describes; the others are counted. */
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
 * The default among classes that an installation may use: one of its own before one that all share, which may lead to another
 * bucket; of several the newest, as for StorageClasses.
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

/** Tens of thousands of claims are asked about one after the other. */
const matchers = new WeakMap<DataMoverClass, (labels: Labels) => boolean>();

/** A class whose selector cannot be read selects nothing; its status says so. */
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

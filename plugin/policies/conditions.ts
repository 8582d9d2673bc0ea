import { parseQuantity } from '../../api/kubernetes/quantity.ts';
import { PluginError } from '../plugin-error.ts';
import type { PolicyVolume } from './policy-volume.ts';

/** Returns true if the volume meets the condition. */
export type Condition = (volume: PolicyVolume) => boolean;

/** Values as parsed from YAML. */
type Yaml = Readonly<Record<string, unknown>>;

/** All conditions of Velero; each compiler may throw for an invalid value. */
const CONDITIONS: Readonly<Record<string, (value: unknown, where: string) => Condition>> = {
  capacity: capacityCondition,
  storageClass: (value, where) => oneOf(value, where, (volume) => volume.storageClass),
  nfs: nfsCondition,
  csi: csiCondition,
  volumeTypes: volumeTypesCondition,
  pvcLabels: labelsCondition,
  pvcPhase: (value, where) => oneOf(value, where, (volume) => volume.phase),
  pvcVolumeMode: volumeModeCondition,
  pvcAccessModes: accessModesCondition,
};

/** Compiles the conditions of a policy. A volume must meet all of them; every volume meets an empty set. */
export function compileConditions(raw: unknown, where: string): Condition {
  const parts = Object.entries(mapOf(raw, where)).flatMap(([name, value]) => {
    const compile = Object.hasOwn(CONDITIONS, name) ? CONDITIONS[name] : undefined;
    if (compile === undefined)
      throw new PluginError(
        `${where}.${name} is a condition that this plugin does not know (it knows ${Object.keys(CONDITIONS).join(', ')})`,
      );
    return value === null || value === undefined ? [] : [compile(value, `${where}.${name}`)];
  });
  return (volume) => parts.every((meets) => meets(volume));
}

/** For example `10Gi,100Gi`: both ends are included, and an end that is missing or 0 is open. */
function capacityCondition(value: unknown, where: string): Condition {
  const text = textOf(value, where);
  if (text === '') return () => true;
  const ends = text.split(',').map((end) => end.trim());
  if (ends.length !== 2)
    throw new PluginError(`${where} is "${text}"; write it as "10Gi,100Gi", "10Gi," or ",100Gi"`);
  const [lower = 0, upper = 0] = ends.map((end) => (end === '' ? 0 : sizeOf(end, where)));
  return ({ capacity }) => lower <= capacity && (upper === 0 || capacity <= upper);
}

function nfsCondition(value: unknown, where: string): Condition {
  const { server, path } = fieldsOf(value, where, ['server', 'path']);
  const wanted = [optionalText(server, where), optionalText(path, where)] as const;
  return ({ nfs }) =>
    nfs !== undefined &&
    (wanted[0] === '' || wanted[0] === nfs.server) &&
    (wanted[1] === '' || wanted[1] === nfs.path);
}

function csiCondition(value: unknown, where: string): Condition {
  const fields = fieldsOf(value, where, ['driver', 'volumeAttributes']);
  const driver = optionalText(fields.driver, where);
  const attributes = Object.entries(textsOf(fields.volumeAttributes, `${where}.volumeAttributes`));
  return ({ csi }) => {
    if (csi === undefined) return false;
    if (driver === '') return true;
    const own = csi.volumeAttributes ?? {};
    // As in Velero, a missing attribute equals an empty one, unless the volume has no attributes at all.
    const none = attributes.length > 0 && Object.keys(own).length === 0;
    return csi.driver === driver && !none && attributes.every(([key, text]) => (own[key] ?? '') === text);
  };
}

/** Unlike a class or a phase, a missing type can be matched: by an empty text. */
function volumeTypesCondition(value: unknown, where: string): Condition {
  const wanted = listOf(value, where);
  return ({ volumeType }) => wanted.length === 0 || wanted.includes(volumeType);
}

function labelsCondition(value: unknown, where: string): Condition {
  const wanted = Object.entries(textsOf(value, where));
  return ({ labels }) => wanted.every(([key, text]) => Object.hasOwn(labels, key) && labels[key] === text);
}

function volumeModeCondition(value: unknown, where: string): Condition {
  const wanted = textOf(value, where);
  return ({ volumeMode }) => wanted === '' || volumeMode === wanted;
}

/** Matches exactly these modes, in any order. */
function accessModesCondition(value: unknown, where: string): Condition {
  const wanted = listOf(value, where);
  return ({ accessModes }) =>
    wanted.length === 0 ||
    (wanted.length === accessModes.length &&
      wanted.every((mode) => accessModes.includes(mode)) &&
      accessModes.every((mode) => wanted.includes(mode)));
}

function oneOf(value: unknown, where: string, property: (volume: PolicyVolume) => string): Condition {
  const wanted = listOf(value, where);
  return (volume) => {
    const own = property(volume);
    return wanted.length === 0 || (own !== '' && wanted.includes(own));
  };
}

function sizeOf(text: string, where: string): number {
  try {
    return parseQuantity(text);
  } catch (cause) {
    throw new PluginError(`${where}: "${text}" is not a size`, { cause });
  }
}

export function mapOf(value: unknown, where: string): Yaml {
  if (value === null || value === undefined) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw new PluginError(`${where} must be a map`);
  return value as Yaml;
}

function fieldsOf(value: unknown, where: string, known: readonly string[]): Yaml {
  const map = mapOf(value, where);
  const unknown = Object.keys(map).find((key) => !known.includes(key));
  if (unknown !== undefined)
    throw new PluginError(`${where}.${unknown} is not known; there are ${known.join(' and ')}`);
  return map;
}

function listOf(value: unknown, where: string): string[] {
  if (!Array.isArray(value)) throw new PluginError(`${where} must be a list`);
  return value.map((entry) => textOf(entry, where));
}

export function optionalList(value: unknown, where: string): string[] {
  return value === null || value === undefined ? [] : listOf(value, where);
}

function textsOf(value: unknown, where: string): Record<string, string> {
  const entries = Object.entries(mapOf(value, where));
  return Object.fromEntries(entries.map(([key, entry]) => [key, textOf(entry, `${where}.${key}`)]));
}

/** Numbers and booleans are texts without quotation marks. */
export function textOf(value: unknown, where: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new PluginError(`${where} must be a text`);
}

function optionalText(value: unknown, where: string): string {
  return value === null || value === undefined ? '' : textOf(value, where);
}

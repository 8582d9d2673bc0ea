import type { Resource } from '../../api/kubernetes/meta.ts';
import { editJson, objectAt, type LosslessObject } from '../codec/lossless-json.ts';
import { PluginError } from '../plugin-error.ts';

/** Parses the item's JSON for reading. Numbers may be rounded: to change an item, use {@link editItem}. */
export function parseItem(item: Buffer): Resource {
  try {
    return JSON.parse(item.toString('utf8')) as Resource;
  } catch (cause) {
    throw new PluginError('the item in the request is not JSON', { cause });
  }
}

/** The parts of an item that the actions change. */
export interface ItemParts {
  annotations: LosslessObject;
  labels: LosslessObject;
  spec: LosslessObject;
}

/** Edits an item without loss. Labels and annotations that stay empty are not added. */
export function editItem(item: Buffer, change: (parts: ItemParts) => void): Buffer {
  return editJson(item, (object) => {
    const metadata = objectAt(object, 'metadata');
    const parts = {
      annotations: objectAt(metadata, 'annotations'),
      labels: objectAt(metadata, 'labels'),
      spec: objectAt(object, 'spec'),
    };
    change(parts);
    if (Object.keys(parts.annotations).length === 0) delete metadata.annotations;
    if (Object.keys(parts.labels).length === 0) delete metadata.labels;
  });
}

/** Removes keys from a part of an item. */
export function removeKeys(part: LosslessObject, ...keys: readonly string[]): void {
  for (const key of keys) Reflect.deleteProperty(part, key);
}

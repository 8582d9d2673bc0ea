import { annotations } from '../../api/datamover/v1alpha1/keys.ts';
import { toOperationID } from '../codec/operation-id.ts';
import { editItem, parseItem, removeKeys } from './item.ts';

/** The mark on a stored item: the DataMoverBackup of its data. */

/** Adds the mark, and removes annotations that have no meaning if the item is not restored. */
export function markMoved(
  item: Buffer,
  request: { namespace: string; name: string },
  obsolete: readonly string[] = [],
): Buffer {
  return editItem(item, ({ annotations: stored }) => {
    removeKeys(stored, ...obsolete);
    stored[annotations.movedBy] = toOperationID(request);
  });
}

/** Returns the value of the mark, without parsing the many items that have none. */
export function markOf(item: Buffer): string | undefined {
  if (!item.includes(annotations.movedBy)) return undefined;
  return parseItem(item).metadata.annotations?.[annotations.movedBy];
}

/**
 * Returns the item without its mark, or `undefined` if it has none. The mark is that of an earlier backup, from which the object
 * was restored, and would lead a restore of this backup to the wrong data.
 */
export function withoutMark(item: Buffer): Buffer | undefined {
  if (markOf(item) === undefined) return undefined;
  return editItem(item, ({ annotations: stored }) => removeKeys(stored, annotations.movedBy));
}

import { annotations } from '../../api/datamover/v1alpha1/keys.ts';
import { toOperationID } from '../codec/operation-id.ts';
import { editItem, parseItem, removeKeys } from './item.ts';

/** The mark on a stored item: which DataMoverBackup holds the data that it stands for. */

/** Puts the mark on, and takes annotations off that mean nothing once the item is not restored. */
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

/** The value of the mark, without parsing the many items that have none. */
export function markOf(item: Buffer): string | undefined {
  if (!item.includes(annotations.movedBy)) return undefined;
  return parseItem(item).metadata.annotations?.[annotations.movedBy];
}

/**
 * The item without a mark, when it came with one: that of an earlier backup, from which the object was restored. It would
 * send a restore of this backup to the wrong data.
 */
export function withoutMark(item: Buffer): Buffer | undefined {
  if (markOf(item) === undefined) return undefined;
  return editItem(item, ({ annotations: stored }) => removeKeys(stored, annotations.movedBy));
}

import type { LeftOut, Messages, RootAttributes } from './transfer-messages.ts';

/** Returns one line about what the volume contains and the snapshot does not; undefined if nothing is missing. */
export function notSavedIn({
  leftOut,
  errors,
  rootAttributes,
}: Pick<Messages, 'leftOut' | 'errors' | 'rootAttributes'>): string | undefined {
  const unread = errors.get('unread attributes');
  const losses = [
    ...(leftOut === undefined ? [] : filesIn(leftOut)),
    ...(unread === undefined
      ? []
      : [`extended attributes that the mover may not read: ${String(unread.count)}`]),
    ...(leftOut?.sealed === true
      ? ['the folder lost+found of the file system, which the mover may not read']
      : []),
    ...(rootAttributes === undefined ? [] : ofRoot(rootAttributes)),
  ];
  return losses.length === 0 ? undefined : losses.join(', ');
}

function filesIn({ sockets, empty }: LeftOut): string[] {
  return [
    ...(sockets > 0 ? [`sockets: ${String(sockets)}`] : []),
    ...(empty > 0 ? [`empty folders called lost+found: ${String(empty)}`] : []),
  ];
}

function ofRoot({ lists, others }: RootAttributes): string[] {
  if (lists === undefined || others === undefined)
    return ['attributes of the root folder, if it has any: restic could not read them'];
  return [
    ...(lists > 0 ? [`access control lists of the root folder: ${String(lists)}`] : []),
    ...(others > 0 ? [`extended attributes of the root folder: ${String(others)}`] : []),
  ];
}

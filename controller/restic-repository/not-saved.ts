import type { Messages } from './transfer-messages.ts';

/** One line about what the volume holds and no snapshot does; undefined if that is nothing. */
export function notSavedIn({ leftOut, errors }: Pick<Messages, 'leftOut' | 'errors'>): string | undefined {
  const { sockets = 0, empty = 0, sealed = false } = leftOut ?? {};
  const unread = errors.get('unread attributes');
  const told = [
    ...(sockets > 0 ? [`sockets: ${String(sockets)}`] : []),
    ...(empty > 0 ? [`empty folders called lost+found: ${String(empty)}`] : []),
    ...(unread === undefined
      ? []
      : [`extended attributes that the mover may not read: ${String(unread.count)}`]),
    ...(sealed ? ['the folder lost+found of the file system, which the mover may not read'] : []),
  ];
  return told.length === 0 ? undefined : told.join(', ');
}

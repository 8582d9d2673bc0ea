import { crc32 } from 'node:zlib';
import type { Replication } from './api.ts';

/** Maximum length of a Job's name, because its pods carry it in a label. */
const MAX_JOB_NAME = 63;

export type Direction = 'src' | 'dst';

export function directionOf(owner: Replication): Direction {
  return owner.kind === 'ReplicationSource' ? 'src' : 'dst';
}

/** Returns the name of the Job; a long name is replaced by a checksum. */
export function jobName(direction: Direction, name: string): string {
  const prefix = `volsync-${direction}-`;
  const full = prefix + name;
  return full.length <= MAX_JOB_NAME ? full : prefix + crc32(name).toString(16).padStart(8, '0');
}

/** Returns the name of ServiceAccount, Role and RoleBinding; never shortened. */
export const accountName = (direction: Direction, name: string): string => `volsync-${direction}-${name}`;
export const cacheName = (direction: Direction, name: string): string => `volsync-${direction}-${name}-cache`;
/** Returns the name of a source's point-in-time copy, for both the snapshot and the claim. */
export const copyName = (name: string): string => `volsync-${name}-src`;
/** Returns the name of the claim for a destination that names none. */
export const destinationName = (name: string): string => `volsync-${name}-dest`;

/** Returns the name of a restored volume's snapshot: the claim's name and the local time to the second. */
export function imageName(claim: string, now: Date): string {
  const digits = [
    now.getFullYear(),
    now.getMonth() + 1,
    now.getDate(),
    now.getHours(),
    now.getMinutes(),
    now.getSeconds(),
  ];
  return `${claim}-${digits.map((number) => String(number).padStart(2, '0')).join('')}`;
}

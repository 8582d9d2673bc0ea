import { crc32 } from 'node:zlib';
import type { Replication } from '../api.ts';

/** Longest name of a Job, because its pods carry it in a label. */
const MAX_JOB_NAME = 63;

export type Direction = 'src' | 'dst';

export function directionOf(owner: Replication): Direction {
  return owner.kind === 'ReplicationSource' ? 'src' : 'dst';
}

/** The Job; a long name becomes a checksum. */
export function jobName(direction: Direction, name: string): string {
  const prefix = `volsync-${direction}-`;
  const full = prefix + name;
  return full.length <= MAX_JOB_NAME ? full : prefix + crc32(name).toString(16).padStart(8, '0');
}

/** ServiceAccount, Role and RoleBinding; never shortened. */
export const accountName = (direction: Direction, name: string): string => `volsync-${direction}-${name}`;
export const cacheName = (direction: Direction, name: string): string => `volsync-${direction}-${name}-cache`;
/** Point-in-time copy of a source, both the snapshot and the claim. */
export const copyName = (name: string): string => `volsync-${name}-src`;
/** The claim made for a destination that names none. */
export const destinationName = (name: string): string => `volsync-${name}-dest`;

/** Snapshot of a restored volume: the claim's name and the local time to the second. */
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

import type { PruneFacts } from '../../mover.ts';
import { SIZE, toBytes } from './parse-size.ts';

const PRUNED = new RegExp(String.raw`^total prune:\s+[0-9]+ blobs / ${SIZE}`);
const REMAINING = new RegExp(String.raw`^remaining:\s+[0-9]+ blobs / ${SIZE}`);

/** restic prints this while it holds its exclusive lock. */
const IN_USE_FOR = /^finding data that is still in use for ([0-9]+) snapshots/;

/** Parses the output of `restic prune`. */
export function readPruned(lines: readonly string[]): PruneFacts {
  const freed = sizeIn(lines, PRUNED);
  const remaining = sizeIn(lines, REMAINING);
  const snapshots = lines.map((line) => IN_USE_FOR.exec(line)?.[1]).findLast((found) => found !== undefined);
  return {
    ...(snapshots !== undefined && { snapshots: Number(snapshots) }),
    ...(freed !== undefined && { freedBytes: freed }),
    ...(remaining !== undefined && { remainingBytes: remaining }),
  };
}

function sizeIn(lines: readonly string[], pattern: RegExp): number | undefined {
  const match = lines.map((line) => pattern.exec(line)).findLast((found) => found !== null);
  return match ? toBytes(match[1], match[2]) : undefined;
}

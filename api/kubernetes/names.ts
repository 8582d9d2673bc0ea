import { createHash } from 'node:crypto';

/** Returns the first 16 hex digits (64 bits) of the SHA-256 of the parts, with a separator between them. */
export function shortHash(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 16);
}

const MAX_LABEL_VALUE = 63;

/**
 * Returns a text as label value. A long one is cut and ends in six hex digits of its SHA-256, like Velero's
 * `label.GetValidName`, so both find the same objects.
 */
export function labelValue(text: string): string {
  if (text.length <= MAX_LABEL_VALUE) return text;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 6);
  return text.slice(0, MAX_LABEL_VALUE - 6) + hash;
}

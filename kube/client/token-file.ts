import { readFile } from 'node:fs/promises';

/** The kubelet rotates bound tokens about every 50 minutes, when they are valid for ten more minutes. */
const REREAD_MS = 10_000;

/**
 * Returns a function that reads `Bearer <token>` from a rotated file. It reads the file again after 10 s, or at once with
 * `fresh`. If the file cannot be read for a while (it is being replaced), it returns the last token.
 */
export function tokenFromFile(path: string): (fresh: boolean) => Promise<string> {
  let token: string | undefined;
  let readAt = 0;
  return async (fresh) => {
    if (!fresh && token !== undefined && performance.now() - readAt < REREAD_MS) return token;
    try {
      token = `Bearer ${(await readFile(path, 'utf8')).trim()}`;
      readAt = performance.now();
    } catch (cause) {
      if (token === undefined || fresh) throw new Error(`cannot read the API token file ${path}`, { cause });
    }
    return token;
  };
}

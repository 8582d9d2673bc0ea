import { readFile } from 'node:fs/promises';

/** Kubelet rotates bound tokens about every 50 minutes, with ten minutes of validity left. */
const REREAD_MS = 10_000;

/**
 * `Bearer <token>` from a file that others rotate: read again when it was last read 10 s ago or `fresh` is asked for.
 * When the file cannot be read for a while (it is being replaced), the last token still counts.
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

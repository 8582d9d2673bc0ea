import type { Readable } from 'node:stream';

export interface LinesOptions {
  /** Called for every chunk that arrives, also in the middle of a line. */
  onData?: (() => void) | undefined;
  /** Characters to keep per line; the rest is read and dropped. Default: all. */
  longest?: number | undefined;
}

/**
 * Splits a body into lines without line ends; the last line may lack one. If the caller leaves the loop early, the body is
 * destroyed.
 */
export async function* readLines(
  body: Readable,
  { onData, longest = Infinity }: LinesOptions = {},
): AsyncGenerator<string> {
  body.setEncoding('utf8');
  // The pieces of a line are joined once: objects can have megabytes and arrive in pieces of 16 KiB.
  let pieces: string[] = [];
  let room = longest;
  const keep = (piece: string): void => {
    if (room > 0 && piece !== '') pieces.push(piece.slice(0, room));
    room -= piece.length;
  };
  for await (const chunk of body as AsyncIterable<string>) {
    onData?.();
    let start = 0;
    for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', start)) {
      keep(chunk.slice(start, end));
      const line = pieces.join('');
      pieces = [];
      room = longest;
      start = end + 1;
      yield line;
    }
    keep(chunk.slice(start));
  }
  if (pieces.length > 0) yield pieces.join('');
}

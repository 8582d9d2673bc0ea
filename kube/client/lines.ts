import type { Readable } from 'node:stream';

export interface LinesOptions {
  /** Called for every piece that arrives, also in the middle of a line. */
  onData?: (() => void) | undefined;
  /** Characters that are kept of a line; what is beyond is read and dropped. Default: all. */
  longest?: number | undefined;
}

/**
 * Splits a body into lines, without their line ends; a last line without one counts. Leaving the loop early destroys the body.
 */
export async function* readLines(
  body: Readable,
  { onData, longest = Infinity }: LinesOptions = {},
): AsyncGenerator<string> {
  body.setEncoding('utf8');
  // Pieces of an unfinished line are joined once: objects can be megabytes and come in 16 KiB pieces.
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

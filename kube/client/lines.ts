import type { Readable } from 'node:stream';

/**
 * Splits a body into lines, without their line ends; a last line without one counts. `onData` is called for every
 * piece that arrives, also in the middle of a line. Leaving the loop early destroys the body.
 */
export async function* readLines(body: Readable, onData?: () => void): AsyncGenerator<string> {
  body.setEncoding('utf8');
  // Pieces of an unfinished line are joined once: objects can be megabytes and come in 16 KiB pieces.
  let pieces: string[] = [];
  for await (const chunk of body as AsyncIterable<string>) {
    onData?.();
    let start = 0;
    for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', start)) {
      pieces.push(chunk.slice(start, end));
      const line = pieces.join('');
      pieces = [];
      start = end + 1;
      yield line;
    }
    if (start < chunk.length) pieces.push(chunk.slice(start));
  }
  if (pieces.length > 0) yield pieces.join('');
}

/**
 * Returns a text of at most `maxBytes` bytes, cut between characters, with a note of its original length. A lone surrogate, which
 * JavaScript allows in a text, becomes U+FFFD: gRPC throws for it and Go drops the message that contains it.
 */
export function cutText(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= maxBytes) return text.toWellFormed();
  let end = maxBytes;
  while (isContinuation(bytes[end])) end--;
  return `${bytes.toString('utf8', 0, end)}… (${String(bytes.length)} bytes)`;
}

function isContinuation(byte = 0): boolean {
  return (byte & 0xc0) === 0x80;
}

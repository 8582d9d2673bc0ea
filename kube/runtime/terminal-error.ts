/** Thrown by a reconciler if a retry cannot help: counted and logged as an error, not retried. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';
}

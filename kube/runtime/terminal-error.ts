/** Thrown by a reconciler when trying again cannot help: counted and logged as an error, not retried. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';
}

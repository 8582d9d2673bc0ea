/** The fields of jest's report (`--json`) that are summed up. */
export interface JestResult {
  numPassedTests: number;
  numFailedTests: number;
  /** Files that failed before any of their tests ran: a syntax error, a missing import. */
  numRuntimeErrorTestSuites: number;
}

export interface Totals {
  passed: number;
  failed: number;
}

/**
 * Sums up runs of jest. A file that could not run counts as one failure. An unsuccessful run without a failed test also counts as
 * one: the build or a check before it failed.
 */
export function totalsOf(results: readonly JestResult[], successful: boolean): Totals {
  const passed = sum(results.map((result) => result.numPassedTests));
  const failed = sum(results.map((result) => result.numFailedTests + result.numRuntimeErrorTestSuites));
  return { passed, failed: failed === 0 && !successful ? 1 : failed };
}

/** Returns false if no test ran. */
export function isSuccess({ passed, failed }: Totals): boolean {
  return failed === 0 && passed > 0;
}

/** Returns the last line of a run. */
export function totalsLine({ passed, failed }: Totals): string {
  return `${String(passed)} passed, ${String(failed)} failed`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

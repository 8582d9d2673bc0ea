/** What one run of jest says about itself (`--json`), as far as it is summed up. */
export interface JestResult {
  numPassedTests: number;
  numFailedTests: number;
  /** Files that broke before a test of theirs could fail: a syntax error, a missing import. */
  numRuntimeErrorTestSuites: number;
}

export interface Totals {
  passed: number;
  failed: number;
}

/**
 * Sums up runs of jest. A file that could not run counts as one failure, and so does a whole run that was not
 * successful although no test of it failed: the build or the check before it did.
 */
export function totalsOf(results: readonly JestResult[], successful: boolean): Totals {
  const passed = sum(results.map((result) => result.numPassedTests));
  const failed = sum(results.map((result) => result.numFailedTests + result.numRuntimeErrorTestSuites));
  return { passed, failed: failed === 0 && !successful ? 1 : failed };
}

/** Nothing that ran is no success. */
export function isSuccess({ passed, failed }: Totals): boolean {
  return failed === 0 && passed > 0;
}

/** The line that ends a run. */
export function totalsLine({ passed, failed }: Totals): string {
  return `${String(passed)} passed, ${String(failed)} failed`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

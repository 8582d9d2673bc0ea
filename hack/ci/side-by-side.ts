export interface Steps {
  /** Maximum number of targets that run at the same time. */
  places: number;
  /** Runs a target to its end and returns its exit code. */
  run: (target: string) => Promise<number>;
  /** Whether the remaining targets start after one has failed. */
  keepsGoing: boolean;
  signal: AbortSignal;
}

/**
 * Runs targets in order, up to `places` at a time. Starts no further target after `signal` has fired.
 * @returns the exit code of the first failed target, in the given order; 130 if `signal` fired
 */
export async function runSideBySide(
  targets: readonly string[],
  { places, run, keepsGoing, signal }: Steps,
): Promise<number> {
  const codes: number[] = [];
  let next = 0;
  const mayBegin = (): boolean =>
    next < targets.length && !signal.aborted && (keepsGoing || codes.every((code) => code === 0));
  const work = async (): Promise<void> => {
    while (mayBegin()) {
      const index = next++;
      codes[index] = await run(targets[index] ?? '');
    }
  };
  codes.push(...targets.map(() => 0));
  await Promise.all(Array.from({ length: places }, work));
  return signal.aborted ? INTERRUPTED : (codes.find((code) => code !== 0) ?? 0);
}

const INTERRUPTED = 130;

export interface Steps {
  /** How many targets run at a time. */
  places: number;
  /** Runs a target to its end; the answer is its exit code. */
  run: (target: string) => Promise<number>;
  /** Whether the others are begun after one has failed. */
  keepsGoing: boolean;
  signal: AbortSignal;
}

/**
 * Runs targets in their order, some at a time; none is begun once `signal` has fired.
 * @returns the exit code: that of the first of them, in their order, that failed
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

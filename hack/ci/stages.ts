/** One jest project in a run. */
export interface Stage {
  readonly name: string;
  readonly args: readonly string[];
  /** Environment variables besides those of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Steps {
  /** Removes leftovers of an earlier run, which this run would otherwise use. */
  clean: () => Promise<void>;
  /** Runs a stage until it ends or `signal` fires, and returns its exit code. `position` is its place among those of its step. */
  run: (stage: Stage, position: number) => Promise<number>;
  signal: AbortSignal;
}

/**
 * Runs steps in order; the stages of a step run at the same time. Runs all, even if one fails, so that the results of all are
 * reported. Cleans up before and after; after a failure it keeps everything for inspection.
 * @returns the exit code of the first failed stage; 130 if `signal` fired
 */
export async function runStages(
  steps: readonly (readonly Stage[])[],
  { clean, run, signal }: Steps,
): Promise<number> {
  await clean();
  const codes: number[] = [];
  for (const stages of steps) {
    if (!signal.aborted) codes.push(...(await Promise.all(stages.map(run))));
  }
  const code = codes.find((each) => each !== 0) ?? 0;
  if (signal.aborted || code === 0) await clean();
  return signal.aborted ? INTERRUPTED : code;
}

const INTERRUPTED = 130;

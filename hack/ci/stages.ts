/** One jest project in a run. */
export interface Stage {
  readonly name: string;
  readonly args: readonly string[];
}

export interface Steps {
  /** Removes leftovers of an earlier run, which this run would otherwise use. */
  clean: () => Promise<void>;
  /** Runs a stage until it ends or `signal` fires, and returns its exit code. */
  run: (stage: Stage) => Promise<number>;
  signal: AbortSignal;
}

/**
 * Runs all stages, even if one fails, so that the results of all are reported. Cleans up before and after; after a failure it
 * keeps everything for inspection.
 * @returns the exit code of the first failed stage; 130 if `signal` fired
 */
export async function runStages(stages: readonly Stage[], { clean, run, signal }: Steps): Promise<number> {
  await clean();
  const codes: number[] = [];
  for (const stage of stages) {
    if (!signal.aborted) codes.push(await run(stage));
  }
  const code = codes.find((each) => each !== 0) ?? 0;
  if (signal.aborted || code === 0) await clean();
  return signal.aborted ? INTERRUPTED : code;
}

const INTERRUPTED = 130;

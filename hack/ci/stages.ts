/** Part of a run. */
export interface Stage {
  readonly name: string;
  readonly args: readonly string[];
}

export interface Steps {
  /** Removes what an earlier run has left, which this one would take for its own. */
  clean: () => Promise<void>;
  /** Runs a stage to its end, or to that of `signal`; the answer is its exit code. */
  run: (stage: Stage) => Promise<number>;
  signal: AbortSignal;
}

/**
 * Runs all stages, also after one has failed: it hides nothing of what the others have to say. Afterwards the place is clean again,
 * but for a look when something has failed.
 * @returns the exit code: that of the first stage that failed
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

import type { Trial } from '../trial.ts';

/** One requirement for every mover. */
export interface Case {
  title: string;
  /** @throws Error that describes what the mover did instead. */
  run(trial: Trial): Promise<void>;
}

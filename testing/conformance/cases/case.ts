import type { Trial } from '../trial.ts';

/** One thing that every mover must do. */
export interface Case {
  title: string;
  /** @throws Error that says what the mover did instead. */
  run(trial: Trial): Promise<void>;
}

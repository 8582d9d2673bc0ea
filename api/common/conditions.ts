/** The conditions that requests of every product have. */
export const conditionTypes = {
  /** Nothing created for this request remains. */
  cleanedUp: 'CleanedUp',
  /** `True` if the phase is Completed, otherwise `False`; for `kubectl wait`. */
  ready: 'Ready',
} as const;

/** Reasons of conditions for which no phase and no failure gives a reason. */
export const conditionReasons = {
  /** The step is complete. */
  succeeded: 'Succeeded',
  /** An earlier step is not complete yet. */
  pending: 'Pending',
} as const;

/** Reason of condition `CleanedUp` if the request has ended with leftovers. */
export const leftBehind = 'LeftBehind';

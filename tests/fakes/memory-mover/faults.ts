/** A defect of a broken mover. */
export type MoverFault =
  | 'starts again after a crash'
  | 'leaves its Secret'
  | 'leaves its Secret to the garbage collector'
  | 'leaves what no request owns'
  | 'prints the password'
  | 'writes the password into its Job'
  | 'throws without a Secret'
  | 'never requeues the request'
  | 'mixes repositories up'
  | 'names no snapshot'
  | 'reports every volume as empty'
  | 'is always verified'
  | 'takes any setting'
  | 'never reports alreadyGone'
  | 'is done too early'
  | 'cannot clean up what never began'
  | 'does not call assertCurrent'
  | 'uploads all of it again'
  | 'keeps an empty repository';

/** Returns the facts that a mover with the fault reports. */
export function factsWith(
  fault: MoverFault | undefined,
  facts: Record<string, unknown>,
): Record<string, unknown> {
  if (fault === 'reports every volume as empty') return { empty: true };
  if (fault === 'keeps an empty repository') return { ...facts, kept: 'it is dear' };
  if (fault === 'uploads all of it again') return { ...facts, uploadedBytes: 10 };
  if (fault === 'names no snapshot') return { files: facts['files'] };
  if (fault === 'never reports alreadyGone' && facts['alreadyGone'] === true) return { alreadyGone: false };
  if (fault === 'is always verified') return { files: 1, ...facts };
  return facts;
}

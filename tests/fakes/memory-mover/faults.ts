/** A defect of a broken mover. */
export type MoverFault =
  | 'begins anew after a crash'
  | 'leaves its Secret'
  | 'leaves its Secret to the garbage collector'
  | 'leaves what no request owns'
  | 'tells the password'
  | 'writes the password into its Job'
  | 'throws without a Secret'
  | 'asks for no other look'
  | 'mixes repositories up'
  | 'names no snapshot'
  | 'says that everything is empty'
  | 'is always verified'
  | 'takes any setting'
  | 'never says that it was gone already'
  | 'is done too early'
  | 'cannot clean up what never began'
  | 'does not ask whether the view is old'
  | 'uploads all of it again'
  | 'keeps an empty repository';

/** Returns the facts that a mover with the fault reports. */
export function factsWith(
  fault: MoverFault | undefined,
  facts: Record<string, unknown>,
): Record<string, unknown> {
  if (fault === 'says that everything is empty') return { empty: true };
  if (fault === 'keeps an empty repository') return { ...facts, kept: 'it is dear' };
  if (fault === 'uploads all of it again') return { ...facts, uploadedBytes: 10 };
  if (fault === 'names no snapshot') return { files: facts['files'] };
  if (fault === 'never says that it was gone already' && facts['alreadyGone'] === true)
    return { alreadyGone: false };
  if (fault === 'is always verified') return { files: 1, ...facts };
  return facts;
}

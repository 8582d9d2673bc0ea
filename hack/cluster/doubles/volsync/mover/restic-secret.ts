import { MANDATORY_KEYS } from './environment.ts';

/** Throws with VolSync's message if a repository Secret lacks a required key. */
export function checkFields(
  data: Readonly<Record<string, string>>,
  fields: readonly string[] = MANDATORY_KEYS,
): void {
  if (Object.keys(data).length < fields.length) {
    throw new Error(`secret should have fields: [${fields.join(' ')}]`);
  }
  const missing = fields.find((field) => !(field in data));
  if (missing !== undefined) throw new Error(`secret is missing field: ${missing}`);
}

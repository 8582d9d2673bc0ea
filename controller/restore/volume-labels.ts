import { done, failed, type StepResult } from '../request/step.ts';
import type { RestoreScope } from './scope.ts';

const NAME = '[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?';
const KEY = new RegExp(`^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?${NAME}$`);
const VALUE = new RegExp(`^(${NAME})?$`);

/**
 * Makes sure that the volume can get the labels that the record asks for. A record may be written by hand, and the volume gets its
 * labels at the very end: a refusal there would come when the data is at its place already.
 */
export function checkVolumeLabels({ source }: RestoreScope): StepResult {
  const { pvLabels = {} } = source.volume ?? {};
  const [wrong] = Object.entries(pvLabels).filter(([key, value]) => !KEY.test(key) || !VALUE.test(value));
  if (wrong === undefined) return done;
  return failed('InvalidRequest', `spec.source.volume.pvLabels: ${wrong.join('=')} is not a label`);
}

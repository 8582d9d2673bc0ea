import { done, failed, type StepResult } from '../request/step.ts';
import type { RestoreScope } from './scope.ts';

const NAME = '[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?';
const KEY = new RegExp(`^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?${NAME}$`);
const VALUE = new RegExp(`^(${NAME})?$`);

const POLICIES = ['Delete', 'Retain', 'Recycle'];

/**
 * Makes sure that the volume can get what the record asks for. A record may be written by hand, and the volume gets its labels,
 * annotations and policy at the very end: a refusal there would come when the data is at its place already.
 */
export function checkVolumeRecord({ source }: RestoreScope): StepResult {
  const problem = problemOf(source.volume ?? {});
  return problem === undefined ? done : failed('InvalidRequest', `spec.source.volume.${problem}`);
}

type VolumeRecord = Partial<NonNullable<RestoreScope['source']['volume']>>;

function problemOf({ pvLabels = {}, pvAnnotations = {}, reclaimPolicy }: VolumeRecord): string | undefined {
  const label = Object.entries(pvLabels).find(([key, value]) => !KEY.test(key) || !VALUE.test(value));
  if (label !== undefined) return `pvLabels: ${label.join('=')} is not a label`;
  const annotation = Object.keys(pvAnnotations).find((key) => !KEY.test(key));
  if (annotation !== undefined) return `pvAnnotations: ${annotation} is not the name of an annotation`;
  if (reclaimPolicy === undefined || POLICIES.includes(reclaimPolicy)) return undefined;
  return `reclaimPolicy: ${reclaimPolicy} is none of ${POLICIES.join(', ')}`;
}

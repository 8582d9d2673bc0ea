import type { Resource } from '../../api/kubernetes/meta.ts';
import type { Admissible } from '../../lifecycle/admission/admission.ts';
import type { AdmissionWords, Slot } from '../../lifecycle/admission/slots.ts';

/** The fields of a request of any kind that decide when it may stage and move data. */
export interface AdmissibleRequest extends Resource {
  spec: object;
  status?: Admissible['status'] & {
    dataMoverClass?: string | undefined;
    repositoryPath?: string | undefined;
    node?: string | undefined;
    mover?: string | undefined;
    servedBy?: string | undefined;
  };
}

export const ADMISSION_WORDS: AdmissionWords = { pool: 'DataMoverClass', mutex: 'repository' };

/** Returns what a request occupies: the limits of its class, its repository, and its node. */
export function slotOf({ status }: AdmissibleRequest): Omit<Slot, 'kind'> {
  const { dataMoverClass: pool = '', repositoryPath: mutex = '', node } = status ?? {};
  return { pool, mutex, node };
}

export function isCanceled({ spec }: AdmissibleRequest): boolean {
  return 'cancel' in spec && spec.cancel === true;
}

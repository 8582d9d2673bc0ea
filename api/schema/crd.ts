import type { z } from 'zod';
import type { Kind, Resource } from '../kubernetes/meta.ts';
import type { CelRule } from './rules.ts';

/** The parts of a CustomResourceDefinition besides the schema: names, columns of `kubectl get`, description of the kind. */

/** A column of `kubectl get`. */
export interface PrintColumn {
  name: string;
  type: 'string' | 'integer' | 'date' | 'boolean';
  jsonPath: string;
  description?: string;
  /** 0: always shown; 1: shown with `-o wide`. */
  priority?: 0 | 1;
}

/** The definition of one kind. */
export interface CrdDefinition {
  kind: Kind<Resource>;
  shortName: string;
  description: string;
  columns: readonly PrintColumn[];
  spec: z.ZodType;
  status: z.ZodType;
  /** Rules that compare spec and status. */
  rules?: readonly CelRule[];
}

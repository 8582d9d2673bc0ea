import type { z } from 'zod';
import { objectName } from '../../api/datamover/v1alpha1/schema.ts';
import { annotations } from '../../api/datamover/v1alpha1/keys.ts';
import { done, failed, type StepResult } from '../../lifecycle/request/step.ts';

/**
 * Validation of the fields of a request. The schemas in `api/` also generate the CustomResourceDefinitions, so the API server has
 * validated most fields. The controller validates again before it creates anything for the request: an object may be older than
 * the schema, keys of maps and ranges of numbers are not in a CustomResourceDefinition, and annotations have no schema.
 */

/** Returns a failure for the first invalid field. */
export function checkFields(field: string, schema: z.ZodType, value: unknown): StepResult {
  const [issue] = schema.safeParse(value).error?.issues ?? [];
  if (issue === undefined) return done;
  const path = [field, ...issue.path.map((part) => partOf(part))].join('.');
  return failed('InvalidRequest', `${path} ${whatIsWrong(issue)}`);
}

/** Returns a failure if the annotation for the Velero Backup or Restore is not a valid object name. */
export function checkMarks({ metadata }: { metadata: { annotations?: Record<string, string> } }): StepResult {
  for (const key of [annotations.veleroBackup, annotations.veleroRestore]) {
    const name = metadata.annotations?.[key];
    const checked = name === undefined ? done : checkFields(`annotation ${key}`, objectName, name);
    if (checked.state !== 'done') return checked;
  }
  return done;
}

/** Quotes and shortens keys of maps, which can have any length and any characters. */
function partOf(part: PropertyKey): string {
  const text = String(part);
  return /^[A-Za-z0-9]{1,63}$/.test(text) ? text : JSON.stringify(text.slice(0, 100));
}

function whatIsWrong({ message, ...issue }: z.core.$ZodIssue): string {
  const [ofKey] = issue.code === 'invalid_key' ? issue.issues : [];
  if (ofKey !== undefined) return ofKey.message;
  if (issue.code === 'too_big') return `is longer than ${String(issue.maximum)}`;
  return message.startsWith('is ') || message.startsWith('holds ') ? message : `is not valid: ${message}`;
}

import type { z } from 'zod';
import { objectName } from '../../api/datamover/v1alpha1/schema.ts';
import { annotations } from '../../api/datamover/v1alpha1/keys.ts';
import { done, failed, type StepResult } from '../../lifecycle/request/step.ts';

/**
 * The forms of what a request says. The schemas in `api/` are the CustomResourceDefinitions' too, so an API server has
 * checked most of it. The controller checks it again, before it makes anything for the request: an object may be older than the
 * schema, keys of maps and the range of numbers are not in a CustomResourceDefinition, and annotations have no schema.
 */

/** Fails with the first field that is not of its form. */
export function checkFields(field: string, schema: z.ZodType, value: unknown): StepResult {
  const [issue] = schema.safeParse(value).error?.issues ?? [];
  if (issue === undefined) return done;
  const path = [field, ...issue.path.map((part) => partOf(part))].join('.');
  return failed('InvalidRequest', `${path} ${whatIsWrong(issue)}`);
}

/** Fails when the request names a Velero Backup or Restore by what cannot be a name. */
export function checkMarks({ metadata }: { metadata: { annotations?: Record<string, string> } }): StepResult {
  for (const key of [annotations.veleroBackup, annotations.veleroRestore]) {
    const name = metadata.annotations?.[key];
    const checked = name === undefined ? done : checkFields(`annotation ${key}`, objectName, name);
    if (checked.state !== 'done') return checked;
  }
  return done;
}

/** Keys of maps are as long and as odd as their writer likes. */
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

import type { StructuralSchema } from './structural-schema.ts';

/** Lists whose fields are documented elsewhere on the page. */
const OPAQUE = new Set(['conditions']);

/** Returns a Markdown table of every field below an object schema, with nested fields by their path. */
export function fieldTable(schema: StructuralSchema): string {
  return table(['Field', 'Type', 'Default', 'Meaning'], rows(schema, ''));
}

/** Returns a Markdown table. Bars in cells are escaped. */
export function table(head: readonly string[], body: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...body.map(line)].join('\n');
}

function rows(schema: StructuralSchema, prefix: string): string[][] {
  const required = new Set(schema.required);
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = `${prefix}${name}`;
    const row = [`\`${path}\``, typeOf(field), byDefault(field, required.has(name)), meaningOf(field)];
    return isOpaque(name, field) ? [row] : [row, ...rows(field, `${path}.`)];
  });
}

/** A deprecated field has the fields of the one that replaces it. */
function isOpaque(name: string, { description = '' }: StructuralSchema): boolean {
  return OPAQUE.has(name) || description.startsWith('Deprecated:');
}

function typeOf(field: StructuralSchema): string {
  if (field.enum) return field.enum.map((value) => `\`${String(value)}\``).join(' | ');
  if (field.items) return `list of ${typeOf(field.items)}`;
  if (typeof field.additionalProperties === 'object') return `map of ${typeOf(field.additionalProperties)}`;
  if (field['x-kubernetes-preserve-unknown-fields'] === true) return 'free-form object';
  if (field.format === 'date-time') return 'time';
  return field.type ?? 'any';
}

function byDefault(field: StructuralSchema, required: boolean): string {
  if (required) return '*required*';
  const { default: value } = field;
  return value === undefined || typeof value === 'object' ? '' : `\`${JSON.stringify(value)}\``;
}

function meaningOf({ description = '', minimum, maximum }: StructuralSchema): string {
  if (maximum === undefined) return description;
  return `${description} From ${String(minimum ?? 0)} to ${String(maximum)}.`;
}

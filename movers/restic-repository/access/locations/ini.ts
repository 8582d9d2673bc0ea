/**
 * Files with credentials, as Velero's plugins read them. They are whole of secrets, so a problem tells the number of a line
 * and never what stands in it.
 */

type Values = ReadonlyMap<string, string>;

export interface Unreadable {
  problem: string;
}

/** An AWS credentials file: sections by name, `profile NAME` counting as `NAME`. */
export function readSections(text: string): ReadonlyMap<string, Values> | Unreadable {
  const sections = new Map<string, Map<string, string>>();
  let current: Map<string, string> | undefined;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (isIdle(line) || isNested(line, current)) continue;
    const section = /^\s*\[\s*(?:profile\s+)?([^\]]+?)\s*\]/.exec(line)?.[1];
    const setting = section === undefined ? readSetting(line) : undefined;
    if (section !== undefined) {
      current = sections.get(section) ?? new Map();
      sections.set(section, current);
    } else if (setting !== undefined && current !== undefined) {
      current.set(setting[0].toLowerCase(), setting[1]);
    } else {
      return { problem: `line ${String(index + 1)} is neither "[profile]" nor "key = value" below one` };
    }
  }
  return sections;
}

/** A file of `KEY=value` lines. */
export function readVariables(text: string): Values | Unreadable {
  const values = new Map<string, string>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (isIdle(line)) continue;
    const setting = readSetting(line.replace(/^\s*export\s+/, ''));
    if (setting === undefined) return { problem: `line ${String(index + 1)} is not "KEY=value"` };
    values.set(setting[0], setting[1].replace(/^(["'])(.*)\1$/, '$2'));
  }
  return values;
}

function isIdle(line: string): boolean {
  return /^\s*([#;].*)?$/.test(line);
}

/** Settings of services, such as `s3`, are indented below their name. */
function isNested(line: string, section: Values | undefined): boolean {
  return /^\s/.test(line) && [...(section?.values() ?? [])].at(-1) === '';
}

function readSetting(line: string): [string, string] | undefined {
  const [, key, value] = /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
  return key === undefined || value === undefined ? undefined : [key, value];
}

/**
 * Parsers of credential files, as Velero's plugins read them. The files contain secrets, so a problem names the number of a line
 * and never its text.
 */

type Values = ReadonlyMap<string, string>;

export interface Unreadable {
  problem: string;
}

/** Parses an AWS credentials file. Returns the sections by name; `profile NAME` counts as `NAME`. */
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

/** Parses a file of `KEY=value` lines. */
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

/** Returns true for nested settings of a service such as `s3`, which are indented below its name. */
function isNested(line: string, section: Values | undefined): boolean {
  return /^\s/.test(line) && [...(section?.values() ?? [])].at(-1) === '';
}

function readSetting(line: string): [string, string] | undefined {
  const [, key, value] = /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
  return key === undefined || value === undefined ? undefined : [key, value];
}

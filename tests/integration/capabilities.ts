/**
 * Returns the beginning of a command, for `env`, that runs a program as root with these capabilities only, as in a pod. Empty if
 * all are permitted.
 */
export function withCapabilities(capabilities: readonly string[] | undefined): string[] {
  if (capabilities === undefined) return [];
  const bounds = ['-all', ...capabilities.map((capability) => `+${capability.toLowerCase()}`)];
  return ['/usr/bin/setpriv', `--bounding-set=${bounds.join(',')}`, '--inh-caps=-all'];
}

/**
 * Returns the address of Debian's archive from the output of `apt-get update --print-uris`, which needs no package lists: a fresh
 * machine has none. Other repositories "for Debian" use the same release names, but only the archive itself has
 * `<release>-updates`, and only its mirrors serve it at `/debian` of their host.
 */
export function archiveIn(printedUris: string): string | undefined {
  const found = [...printedUris.matchAll(/^'(\S+?)\/+dists\/([^/\s]+)\/InRelease'/gm)].map(
    ([, uri, suite]) => ({
      uri: uri ?? '',
      suite: suite ?? '',
    }),
  );
  const archive =
    found.find(({ suite }) => suite.endsWith('-updates')) ??
    found.find(({ uri }) => /^\w+:\/\/[^/]+\/debian$/.test(uri));
  return archive?.uri;
}

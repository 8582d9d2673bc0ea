/**
 * The address of Debian's archive among what `apt-get update --print-uris` prints, which needs no lists: a fresh machine has none.
 * Others have repositories "for Debian" with the same names of releases; only the archive itself has `<release>-updates`, and only its
 * mirrors serve it at `/debian` of their host.
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

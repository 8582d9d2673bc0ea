import { decode, encode, CUSTOM_CA_KEY } from './restic-secret.ts';
import { isFolder } from '../../repository-path.ts';

/**
 * Converts restic's settings into those that rclone needs to access the folder of a repository. Supports S3 only: deletion cannot
 * be undone, and with no other storage has it been tested that everything else remains.
 */
export function rcloneAccess(
  restic: Readonly<Record<string, string>>,
): { data: Record<string, string> } | { problem: string } {
  const url = decode(restic['RESTIC_REPOSITORY']);
  const [, scheme = 'https://', host = '', path = ''] = S3.exec(url) ?? [];
  const parts = path.split('/');
  // Requires a bucket and at least one folder in it: a whole bucket is never emptied.
  if (parts.length < 2 || !parts.every(isFolder)) return { problem: problemOf(url) };
  const settings = {
    TYPE: encode('s3'),
    PROVIDER: encode(/\.amazonaws\.com(\.cn)?$/.test(host) ? 'AWS' : 'Other'),
    ENDPOINT: encode(`${scheme}${host}`),
    ACCESS_KEY_ID: restic['AWS_ACCESS_KEY_ID'],
    SECRET_ACCESS_KEY: restic['AWS_SECRET_ACCESS_KEY'],
    SESSION_TOKEN: restic['AWS_SESSION_TOKEN'],
    REGION: restic['AWS_DEFAULT_REGION'],
  };
  const all: Record<string, string | undefined> = {
    ...Object.fromEntries(Object.entries(settings).map(([key, value]) => [`${REMOTE}${key}`, value])),
    REPOSITORY_FOLDER: encode(path),
    [CUSTOM_CA_KEY]: restic[CUSTOM_CA_KEY],
  };
  const known = Object.entries(all).filter(([, value]) => value !== undefined) as [string, string][];
  return { data: Object.fromEntries(known) };
}

/** Prefix of rclone's variables for the remote `repository`. */
const REMOTE = 'RCLONE_CONFIG_REPOSITORY_';

/** The host may contain only characters that restic and rclone interpret in the same way. */
const S3 = /^s3:(https?:\/\/)?([A-Za-z0-9.:[\]-]+)\/(.+)$/;

function problemOf(url: string): string {
  const scheme = /^([a-z0-9]+):/.exec(url)?.[1] ?? '';
  return scheme === 's3'
    ? 'its URL has more than a host, a bucket and folders of letters, digits, ".", "_" and "-"'
    : `repositories at ${scheme}: cannot be removed, only those at s3:`;
}

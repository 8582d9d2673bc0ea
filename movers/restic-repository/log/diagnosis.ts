import type { FailureReason } from '../../../api/datamover/v1alpha1/reasons.ts';
import { ANOTHER_REPOSITORY } from '../repository-id.ts';
import type { RepositoryContext } from '../access/repository-context.ts';

/** Why a mover pod failed. */
export interface Diagnosis {
  reason: FailureReason;
  /** What happened and what to do. The caller appends the log line. */
  message: string;
  /** The log line that the diagnosis is based on. */
  evidence?: string;
  /** Number of failed pods after which a retry is considered useless. */
  attempts: number;
}

interface Rule {
  pattern: RegExp;
  reason: FailureReason;
  message: (context: RepositoryContext) => string;
  attempts: number;
}

/** The first rule that matches applies, so the specific ones come first. */
const RULES: readonly Rule[] = [
  {
    pattern: new RegExp(`^Fatal: ${ANOTHER_REPOSITORY}`),
    reason: 'RepositoryMissing',
    message: ({ base, repository }) =>
      `the repository ${repository} is not the one that the record names; check ${base}: it must be the location of the backup`,
    attempts: 1,
  },
  {
    pattern: /incorrect password|wrong password or no key found/i,
    reason: 'WrongPassword',
    message: ({ secret, repository }) =>
      `the repository ${repository} cannot be opened with key RESTIC_PASSWORD of Secret ${secret}; set it to the password that the repository was created with`,
    attempts: 1,
  },
  {
    // If the bucket is missing, restic tries to create it, which few accounts are allowed to do.
    pattern: /NoSuchBucket|bucket does not exist|The specified bucket|MakeBucket/i,
    reason: 'RepositoryUnreachable',
    message: ({ base, repository }) =>
      `the bucket of ${repository} does not exist; create it or correct ${base}`,
    attempts: 1,
  },
  {
    pattern:
      /the region '[^']{0,99}' is wrong|non-empty region must be provided|AuthorizationHeaderMalformed|InvalidRegion/i,
    reason: 'RepositoryUnreachable',
    message: ({ secret, repository }) =>
      `the bucket of ${repository} is in another region; set key AWS_DEFAULT_REGION of Secret ${secret}, or config.region of the BackupStorageLocation`,
    attempts: 1,
  },
  {
    // A response to HEAD has no body with details: the region is wrong, or a session token is not valid.
    pattern: /client\.BucketExists: 400 Bad Request/i,
    reason: 'PermissionDenied',
    message: ({ keys, repository }) =>
      `the store refuses requests for ${repository} and gives no reason; check the region, and ${keys}, including the session token`,
    attempts: 1,
  },
  {
    pattern: /WORM protected|protected by object lock/i,
    reason: 'PermissionDenied',
    message: ({ base, repository }) =>
      `the store refuses to delete objects of ${repository}, such as the locks of restic: object lock or a retention is set on the bucket; remove it or correct ${base}`,
    attempts: 1,
  },
  {
    pattern:
      /QuotaExceeded|bucket quota exceeded|StorageFull|minimum free drive threshold|507 Insufficient Storage/i,
    reason: 'NoSpace',
    message: ({ repository }) =>
      `the store of ${repository} is full, or its quota is reached; raise the quota or remove backups`,
    attempts: 1,
  },
  {
    pattern:
      /InvalidAccessKeyId|Access Key Id you provided|SignatureDoesNotMatch|signature we calculated|AccessDenied|Access Denied|403 Forbidden|AuthorizationFailure|AuthenticationFailed|InvalidToken|ExpiredToken/i,
    reason: 'PermissionDenied',
    message: ({ keys, repository }) =>
      `access to ${repository} was denied; check ${keys} and the rights they have`,
    attempts: 1,
  },
  {
    pattern: /already locked|failure locking repository|unable to create lock/i,
    reason: 'RepositoryLocked',
    message: ({ repository }) =>
      `the repository ${repository} is locked by another process; if none is running, a killed mover has left the lock: "restic unlock" removes it half an hour later, "restic unlock --remove-all" at once`,
    attempts: 2,
  },
  {
    // Also if a key opens something else: in a repository that two clients initialized at once.
    pattern: /\bis damaged\b|ciphertext verification failed|invalid data returned/i,
    reason: 'RepositoryDamaged',
    message: ({ repository }) =>
      `the repository ${repository} contains data that restic cannot read; "restic check --read-data" lists it, "restic repair" recovers the rest; if it contains no backup yet, remove it and try again`,
    attempts: 1,
  },
  {
    // A pod that was lost while it initialized the repository leaves the key but not the config, which is written last.
    pattern: /repository already contains keys/i,
    reason: 'RepositoryDamaged',
    message: ({ repository }) =>
      `the repository ${repository} has a key but no config: its creation was interrupted, or the config was lost; if it contains no backup yet, remove it and try again`,
    attempts: 1,
  },
  {
    pattern: /no space left on device|disk quota exceeded/i,
    reason: 'NoSpace',
    message: ({ remedies: { space } }) =>
      `a volume of the mover is full; ${space}, or raise the size of the destination`,
    attempts: 1,
  },
  {
    // A mover without the capability gets this error: restic continues and ends with "There were N errors".
    // The pattern is anchored and its words are bounded: a search from each word of a long line takes minutes.
    pattern: /^(?=.*(?:chown|chmod|mknod|chtimes|utimes\S{0,16}|setxattr) ).*: operation not permitted/i,
    reason: 'PermissionDenied',
    message: ({ remedies: { privileges } }) =>
      `the mover may not restore an owner, a mode or a device as it was; ${privileges}; devices cannot be restored at all`,
    attempts: 1,
  },
  {
    pattern: /could not be read|permission denied/i,
    reason: 'UnreadableSource',
    message: ({ remedies: { privileges } }) =>
      `files could not be read or written by the mover; ${privileges} or set config.moverSecurityContext of the class`,
    attempts: 1,
  },
  {
    pattern:
      /failure checking existence of repository|connection refused|no such host|i\/o timeout|context deadline exceeded|no route to host|connection reset|TLS handshake|x509:|server misbehaving|502 Bad Gateway|503 Service|network is unreachable/i,
    reason: 'RepositoryUnreachable',
    message: ({ base, authority, repository }) =>
      `the repository ${repository} cannot be reached from the mover's pod; check ${base}, the network, and ${authority} for a private certificate authority`,
    attempts: 2,
  },
];

/** A message of a program about an error. */
export interface Complaint {
  /** The text that the rules are matched against. */
  text: string;
  /** The same with all details, for users. */
  quote: string;
  /** The message is about a file. Its name is not part of `text`. */
  isOfFile?: true;
}

/**
 * Returns the diagnosis of a failed pod, from its log and its end. The last "Fatal" or "Warning" line is matched first, because
 * earlier lines can contain file names. If it matches no rule, all lines are matched.
 */
export function diagnose(
  lines: readonly (string | Complaint)[],
  end: { reason?: string | undefined; exitCode?: number | undefined } | undefined,
  context: RepositoryContext,
): Diagnosis {
  if (end?.reason === 'OOMKilled') {
    return {
      reason: 'OutOfMemory',
      message: 'the mover ran out of memory; raise config.moverResources.limits.memory of the class',
      attempts: 2,
    };
  }
  const complaints = lines.map((line) => (typeof line === 'string' ? { text: line, quote: line } : line));
  const lastWords = complaints.filter(({ text }) => /^(Fatal|Warning): /.test(text)).slice(-1);
  return (
    diagnosisBy(lastWords, complaints, context) ??
    diagnosisBy(complaints, complaints, context) ?? {
      reason: 'MoverFailed',
      message: `the mover ended with exit code ${String(end?.exitCode ?? 'unknown')}`,
      ...evidenceOf(complaints.findLast(({ text }) => /Fatal|ERROR|error/.test(text)) ?? complaints.at(-1)),
      attempts: 3,
    }
  );
}

/**
 * Returns the diagnosis by the first rule that one of `judged` matches. If a message about a file matches it too, that is the
 * better evidence.
 */
function diagnosisBy(
  judged: readonly Complaint[],
  complaints: readonly Complaint[],
  context: RepositoryContext,
): Diagnosis | undefined {
  for (const { pattern, reason, message, attempts } of RULES) {
    const found = judged.findLast(({ text }) => pattern.test(text));
    if (found === undefined) continue;
    const file = complaints.find(({ text, isOfFile }) => isOfFile === true && pattern.test(text));
    return { reason, message: message(context), attempts, ...evidenceOf(file ?? found) };
  }
  return undefined;
}

function evidenceOf(complaint: Complaint | undefined): { evidence?: string } {
  return complaint === undefined ? {} : { evidence: complaint.quote };
}

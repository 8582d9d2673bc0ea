/** The parts of `metav1.Status` that callers act on. */
export interface StatusBody {
  kind: 'Status';
  message?: string;
  reason?: string;
  code?: number;
  details?: { retryAfterSeconds?: number; causes?: { reason?: string; message?: string; field?: string }[] };
  metadata?: { continue?: string };
}

/**
 * Reasons this client adds to the API server's own ones (`NotFound`, `Conflict`, `Expired`, ...).
 * They stand in `KubeError.reason` when no HTTP answer came, with `code` 0.
 */
export const ClientReason = {
  /** The time limit of the call passed. */
  timeout: 'ClientTimeout',
  /** A watch brought not one byte for its idle limit. */
  idle: 'WatchIdle',
  /** The connection could not be made or broke. */
  connection: 'ConnectionError',
  /** The server's certificate is not trusted, or ours was refused: waiting does not help. */
  tls: 'TLSError',
  /** An answer that is not what Kubernetes sends. */
  badAnswer: 'BadAnswer',
  /** The client was closed. */
  closed: 'ClientClosed',
  /** Anything else that was thrown. */
  unknown: 'Unknown',
} as const;

export interface KubeErrorOptions {
  code: number;
  reason: string;
  message: string;
  retryAfterMs?: number;
  status?: StatusBody;
  cause?: unknown;
}

/** What a caller was doing, for the message: `get PersistentVolumeClaim app/data`. */
export interface CallDescription {
  verb: string;
  kind: string;
  /** As `formatKey` writes it; absent for lists over all namespaces. */
  key?: string;
}

/** The one error type of the Kubernetes boundary. */
export class KubeError extends Error {
  override readonly name = 'KubeError';
  /** HTTP status; 0 when no answer came. */
  readonly code: number;
  /** `Status.reason`, or one of {@link ClientReason}. */
  readonly reason: string;
  /** How long the server asked to wait before the next attempt. */
  readonly retryAfterMs: number | undefined;
  /** The server's own account of the failure, where it gave one. */
  readonly status: StatusBody | undefined;

  constructor(options: KubeErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
    this.reason = options.reason;
    this.retryAfterMs = options.retryAfterMs;
    this.status = options.status;
  }

  /** Turns anything caught into a KubeError; total, never throws. A KubeError comes back as it is. */
  static from(caught: unknown, call?: CallDescription): KubeError {
    if (caught instanceof KubeError) return caught;
    const reason = reasonOf(caught);
    const text = isErrorLike(caught) ? describe(caught) : safeString(caught);
    return new KubeError({ code: 0, reason, message: `${prefix(call)}${text}`, cause: caught });
  }

  /** The error for an HTTP answer outside 2xx. `body` may be anything, also HTML of a proxy. */
  static fromResponse(
    answer: { code: number; body: string; retryAfterMs?: number },
    call?: CallDescription,
  ): KubeError {
    const status = parseStatus(answer.body);
    const reason = status?.reason ?? reasons[answer.code] ?? 'Unknown';
    const detail = status?.message ?? answer.body.trim().slice(0, 300);
    const retryAfterMs = answer.retryAfterMs ?? retryAfterOf(status);
    return new KubeError({
      code: answer.code,
      reason,
      message: prefix(call) + [`${String(answer.code)} ${reason}`, detail].filter(Boolean).join(': '),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...(status === undefined ? {} : { status }),
    });
  }

  /** The error for the `Status` object of a watch's `ERROR` event. */
  static fromStatus(status: StatusBody, call?: CallDescription): KubeError {
    return KubeError.fromResponse({ code: status.code ?? 500, body: JSON.stringify(status) }, call);
  }
}

const hasCode = (error: unknown, ...codes: number[]): error is KubeError =>
  error instanceof KubeError && codes.includes(error.code);

export const isNotFound = (error: unknown): error is KubeError => hasCode(error, 404);
export const isForbidden = (error: unknown): error is KubeError => hasCode(error, 403);
/** Nothing can be created in a namespace that is being deleted, and it does not come back. */
export const isTerminating = (error: unknown): error is KubeError =>
  isForbidden(error) &&
  error.status?.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating') === true;
/** The object was refused by its schema or a validation rule. */
export const isInvalid = (error: unknown): error is KubeError => hasCode(error, 422);
/** The resourceVersion or continue token is too old: list anew. */
export const isGone = (error: unknown): error is KubeError => hasCode(error, 410);
export const isAlreadyExists = (error: unknown): error is KubeError =>
  hasCode(error, 409) && error.reason === 'AlreadyExists';
/** A precondition did not hold or an apply met another owner; not `isAlreadyExists`. */
export const isConflict = (error: unknown): error is KubeError =>
  hasCode(error, 409) && error.reason !== 'AlreadyExists';

const transientReasons: readonly string[] = [
  ClientReason.timeout,
  ClientReason.idle,
  ClientReason.connection,
];

/** True when the same call may well succeed later: 429, 5xx, broken connections, timeouts. */
export function isTransient(error: unknown): error is KubeError {
  if (!(error instanceof KubeError)) return false;
  if (error.code === 0) return transientReasons.includes(error.reason);
  return error.code === 429 || error.code >= 500;
}

function prefix(call: CallDescription | undefined): string {
  if (call === undefined) return '';
  return `${call.verb} ${call.kind}${call.key === undefined ? '' : ` ${call.key}`}: `;
}

interface ErrorLike {
  name: string;
  message: string;
  cause?: unknown;
}

/** Not by `instanceof`: a DOMException of another realm (a test's, a plugin's) is no `Error` of this one. */
function isErrorLike(value: unknown): value is ErrorLike {
  if (typeof value !== 'object' || value === null) return false;
  const { name, message } = value as Partial<Record<keyof ErrorLike, unknown>>;
  return typeof name === 'string' && typeof message === 'string';
}

function describe(error: ErrorLike): string {
  // undici wraps: the reason a person can use ("connect ECONNREFUSED 10.0.0.1:443") is often one level down.
  const inner: unknown[] = error instanceof AggregateError ? error.errors : [error.cause];
  const texts = inner.filter(isErrorLike).map((one) => one.message);
  return [error.message, ...texts].filter((text) => text !== '').join(': ') || error.name;
}

/** First match counts. */
const reasonOfCode: readonly [RegExp, string][] = [
  [/TIMEOUT|ETIMEDOUT/, ClientReason.timeout],
  [/CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO/, ClientReason.tls],
  [/^UND_ERR_(CLOSED|DESTROYED)$/, ClientReason.closed],
  [/^(E[A-Z_]+|UND_ERR_SOCKET|UND_ERR_ABORTED|HPE_.*)$/, ClientReason.connection],
];

function reasonOf(caught: unknown): string {
  const cause = isErrorLike(caught) ? caught.cause : undefined;
  const code = errorCode(caught) ?? errorCode(cause) ?? '';
  if (isErrorLike(caught) && caught.name === 'TimeoutError') return ClientReason.timeout;
  return reasonOfCode.find(([pattern]) => pattern.test(code))?.[1] ?? ClientReason.unknown;
}

function errorCode(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('code' in value)) return undefined;
  return typeof value.code === 'string' ? value.code : undefined;
}

function parseStatus(body: string): StatusBody | undefined {
  try {
    const value: unknown = JSON.parse(body);
    const isStatus =
      typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Status';
    return isStatus ? (value as StatusBody) : undefined;
  } catch {
    return undefined;
  }
}

const reasons: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  409: 'Conflict',
  410: 'Expired',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

function retryAfterOf(status: StatusBody | undefined): number | undefined {
  const seconds = status?.details?.retryAfterSeconds;
  return seconds === undefined ? undefined : seconds * 1000;
}

function safeString(value: unknown): string {
  try {
    if (typeof value === 'string') return value;
    const json = JSON.stringify(value) as string | undefined;
    return json ?? String(value);
  } catch {
    return 'an error that cannot be shown';
  }
}

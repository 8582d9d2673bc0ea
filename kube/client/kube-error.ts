/** The fields of `metav1.Status` that callers read. */
export interface StatusBody {
  kind: 'Status';
  message?: string;
  reason?: string;
  code?: number;
  details?: { retryAfterSeconds?: number; causes?: { reason?: string; message?: string; field?: string }[] };
  metadata?: { continue?: string };
}

/**
 * Reasons that this client adds to those of the API server (`NotFound`, `Conflict`, `Expired`, ...). They are in
 * `KubeError.reason` if no HTTP response arrived; `code` is then 0.
 */
export const ClientReason = {
  /** The time limit of the call has passed. */
  timeout: 'ClientTimeout',
  /** A watch received no byte for its idle limit. */
  idle: 'WatchIdle',
  /** The connection could not be opened, or it broke. */
  connection: 'ConnectionError',
  /** The server's certificate is not trusted, or ours was rejected; a retry does not help. */
  tls: 'TLSError',
  /** The response is not one of Kubernetes. */
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

/** The call, for the error message: `get PersistentVolumeClaim app/data`. */
export interface CallDescription {
  verb: string;
  kind: string;
  /** In the format of `formatKey`; absent for lists of all namespaces. */
  key?: string;
}

/** The only error type of the Kubernetes client. */
export class KubeError extends Error {
  override readonly name = 'KubeError';
  /** HTTP status; 0 if no response arrived. */
  readonly code: number;
  /** `Status.reason`, or one of {@link ClientReason}. */
  readonly reason: string;
  /** The wait before the next attempt that the server requested. */
  readonly retryAfterMs: number | undefined;
  /** The `Status` object that the server sent, if any. */
  readonly status: StatusBody | undefined;

  constructor(options: KubeErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
    this.reason = options.reason;
    this.retryAfterMs = options.retryAfterMs;
    this.status = options.status;
  }

  /** Converts any caught value to a KubeError. Never throws; a KubeError is returned unchanged. */
  static from(caught: unknown, call?: CallDescription): KubeError {
    if (caught instanceof KubeError) return caught;
    const reason = reasonOf(caught);
    const text = isErrorLike(caught) ? describe(caught) : safeString(caught);
    return new KubeError({ code: 0, reason, message: `${prefix(call)}${text}`, cause: caught });
  }

  /** Returns the error for an HTTP response outside 2xx. `body` may be anything, for example HTML of a proxy. */
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

  /** Returns the error for the `Status` object of a watch's `ERROR` event. */
  static fromStatus(status: StatusBody, call?: CallDescription): KubeError {
    return KubeError.fromResponse({ code: status.code ?? 500, body: JSON.stringify(status) }, call);
  }
}

const hasCode = (error: unknown, ...codes: number[]): error is KubeError =>
  error instanceof KubeError && codes.includes(error.code);

export const isNotFound = (error: unknown): error is KubeError => hasCode(error, 404);
export const isForbidden = (error: unknown): error is KubeError => hasCode(error, 403);
/** Returns true if the namespace is being deleted: nothing can be created in it, and a retry does not help. */
export const isTerminating = (error: unknown): error is KubeError =>
  isForbidden(error) &&
  error.status?.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating') === true;
/** Returns true if a schema or validation rule rejected the object. */
export const isInvalid = (error: unknown): error is KubeError => hasCode(error, 422);
/** Returns true if the resourceVersion or continue token is too old: list again. */
export const isGone = (error: unknown): error is KubeError => hasCode(error, 410);
export const isAlreadyExists = (error: unknown): error is KubeError =>
  hasCode(error, 409) && error.reason === 'AlreadyExists';
/** Returns true if a precondition failed or an apply conflicts with another field manager; false for `isAlreadyExists`. */
export const isConflict = (error: unknown): error is KubeError =>
  hasCode(error, 409) && error.reason !== 'AlreadyExists';

const transientReasons: readonly string[] = [
  ClientReason.timeout,
  ClientReason.idle,
  ClientReason.connection,
];

/** Returns true if a retry may succeed: 429, 5xx, broken connections, timeouts. */
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

/** Not `instanceof`: a DOMException of another realm (a test, a plugin) is no `Error` of this one. */
function isErrorLike(value: unknown): value is ErrorLike {
  if (typeof value !== 'object' || value === null) return false;
  const { name, message } = value as Partial<Record<keyof ErrorLike, unknown>>;
  return typeof name === 'string' && typeof message === 'string';
}

function describe(error: ErrorLike): string {
  // undici wraps errors: the useful reason ("connect ECONNREFUSED 10.0.0.1:443") is often in the cause.
  const inner: unknown[] = error instanceof AggregateError ? error.errors : [error.cause];
  const texts = inner.filter(isErrorLike).map((one) => one.message);
  return [error.message, ...texts].filter((text) => text !== '').join(': ') || error.name;
}

/** The first match counts. */
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

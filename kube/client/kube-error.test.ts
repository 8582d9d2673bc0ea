import { describe, expect, it } from '@jest/globals';
import {
  ClientReason,
  isAlreadyExists,
  isConflict,
  isForbidden,
  isGone,
  isInvalid,
  isNotFound,
  isTransient,
  KubeError,
} from './kube-error.ts';

const call = { verb: 'get', kind: 'Widget', key: 'app/a' };
const coded = (code: string, message = code): Error => Object.assign(new Error(message), { code });

describe('KubeError.from', () => {
  it('turns any thrown value into a KubeError that keeps its cause', () => {
    const loop: Record<string, unknown> = {};
    loop.self = loop;
    for (const thrown of [
      undefined,
      null,
      42,
      'text',
      {},
      loop,
      Symbol('s'),
      1n,
      new Error('e'),
      new AggregateError([]),
    ]) {
      const error = KubeError.from(thrown, call);
      expect(error).toBeInstanceOf(KubeError);
      expect(error.message).toMatch(/^get Widget app\/a: /);
      expect(error.cause).toBe(thrown);
    }
  });

  it('returns a KubeError as it is', () => {
    const error = new KubeError({ code: 404, reason: 'NotFound', message: 'x' });
    expect(KubeError.from(error, call)).toBe(error);
  });

  it.each([
    [coded('ECONNREFUSED'), ClientReason.connection, true],
    [coded('EAI_AGAIN'), ClientReason.connection, true],
    [coded('UND_ERR_SOCKET', 'other side closed'), ClientReason.connection, true],
    [coded('ETIMEDOUT'), ClientReason.timeout, true],
    [coded('UND_ERR_CONNECT_TIMEOUT'), ClientReason.timeout, true],
    [new DOMException('late', 'TimeoutError'), ClientReason.timeout, true],
    [coded('DEPTH_ZERO_SELF_SIGNED_CERT'), ClientReason.tls, false],
    [coded('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), ClientReason.tls, false],
    [coded('ERR_TLS_CERT_ALTNAME_INVALID'), ClientReason.tls, false],
    [coded('UND_ERR_DESTROYED'), ClientReason.closed, false],
    [new TypeError('a bug'), ClientReason.unknown, false],
  ])('classifies errors: %s', (thrown, reason, transient) => {
    const error = KubeError.from(thrown);
    expect(error).toMatchObject({ code: 0, reason });
    expect(isTransient(error)).toBe(transient);
  });

  it('shows the reason behind a wrapper', () => {
    const error = KubeError.from(
      new Error('fetch failed', { cause: coded('ECONNRESET', 'read ECONNRESET') }),
    );
    expect(error).toMatchObject({
      message: 'fetch failed: read ECONNRESET',
      reason: ClientReason.connection,
    });
  });
});

describe('KubeError.fromResponse', () => {
  it('takes reason, message and wait from a Status', () => {
    const body = JSON.stringify({
      kind: 'Status',
      reason: 'TooManyRequests',
      message: 'slow down',
      details: { retryAfterSeconds: 3 },
    });
    expect(KubeError.fromResponse({ code: 429, body }, call)).toMatchObject({
      code: 429,
      reason: 'TooManyRequests',
      retryAfterMs: 3_000,
      message: 'get Widget app/a: 429 TooManyRequests: slow down',
    });
  });

  it('uses the code and the text of any other body', () => {
    expect(KubeError.fromResponse({ code: 404, body: '404 page not found\n' })).toMatchObject({
      reason: 'NotFound',
      message: '404 NotFound: 404 page not found',
    });
    expect(KubeError.fromResponse({ code: 418, body: '' }).message).toBe('418 Unknown');
  });
});

describe('predicates', () => {
  const error = (code: number, reason = 'x') => new KubeError({ code, reason, message: '' });
  it('judge by code and reason', () => {
    expect(isNotFound(error(404))).toBe(true);
    expect(isForbidden(error(403))).toBe(true);
    expect(isInvalid(error(422))).toBe(true);
    expect(isGone(error(410))).toBe(true);
    expect([isConflict(error(409, 'Conflict')), isAlreadyExists(error(409, 'Conflict'))]).toEqual([
      true,
      false,
    ]);
    expect([isConflict(error(409, 'AlreadyExists')), isAlreadyExists(error(409, 'AlreadyExists'))]).toEqual([
      false,
      true,
    ]);
    expect([429, 500, 503, 504, 400, 404, 409].map((code) => isTransient(error(code)))).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
    expect(isTransient(new Error('ECONNRESET'))).toBe(false);
  });
});

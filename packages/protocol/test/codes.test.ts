import { describe, expect, test } from 'vitest';
import { CLOSE_CODES, closeCodeRule } from '../src/close-codes.js';
import { ERROR_CODES, isErrorCode } from '../src/error-codes.js';
import { createId, isIdentifier } from '../src/identifier.js';
import { parseRoomName } from '../src/room-name.js';
import { TrunklineError } from '../src/trunkline-error.js';

describe('close codes', () => {
  test('of our own say by their range whether to reconnect', () => {
    for (const [code, rule] of Object.entries(CLOSE_CODES)) {
      const number = Number(code);
      if (number < 4_000) continue;
      expect([number, rule.reconnect === 'never']).toEqual([number, number >= 4_500]);
    }
  });

  test.each([
    [4_321, { name: 'unknown', reconnect: 'backoff', newToken: false }],
    [4_499, { name: 'unknown', reconnect: 'backoff', newToken: false }],
    [4_999, { name: 'unknown', reconnect: 'never', newToken: false }],
    [1_006, { name: 'unknown', reconnect: 'backoff', newToken: false }],
    [3_000, { name: 'unknown', reconnect: 'backoff', newToken: false }],
    [5_000, { name: 'unknown', reconnect: 'backoff', newToken: false }],
    [4_100, CLOSE_CODES[4100]],
    [4_500, CLOSE_CODES[4500]],
  ])('%d has the rule %j', (code, rule) => {
    expect(closeCodeRule(code)).toEqual(rule);
  });
});

describe('error codes', () => {
  test.each(['toString', 'constructor', '__proto__', 'QUOTA_EXCEEDED', ''])('do not have %j', (code) => {
    expect(isErrorCode(code)).toBe(false);
  });

  test('lend their retryable to an error of theirs, and a backend code is not retryable', () => {
    for (const [code, { retryable }] of Object.entries(ERROR_CODES)) {
      expect(new TrunklineError(code, 'why').retryable).toBe(retryable);
    }
    expect(new TrunklineError('QUOTA_EXCEEDED', 'why').retryable).toBe(false);
    expect(new TrunklineError('QUOTA_EXCEEDED', 'why', { retryable: true }).retryable).toBe(true);
  });

  test('travel with what is known and without cause or stack', () => {
    const error = new TrunklineError('rate_limited', 'Slow down.', { retryAfterMs: 5, cause: new Error('secret') });
    const body = { code: 'rate_limited', message: 'Slow down.', retryable: true, retryAfterMs: 5 };
    expect(error.toBody()).toEqual(body);
    expect(TrunklineError.from(body).toBody()).toEqual(body);
    const full = { code: 'x', message: 'm', retryable: true, retryAfterMs: 1, path: 'a', retrySafe: false };
    expect(TrunklineError.from(full).toBody()).toEqual(full);
  });

  test('comes from a body as the class that was asked', () => {
    class OurError extends TrunklineError {}
    const error = OurError.from(new TrunklineError('timeout').toBody());
    expect(error).toBeInstanceOf(OurError);
    expect(String(error)).toBe('TrunklineError: timeout');
  });
});

describe('identifiers', () => {
  test('are 32 hexadecimal digits, and never the same twice', () => {
    const ids = Array.from({ length: 1_000 }, createId);
    expect(new Set(ids).size).toBe(1_000);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(ids.every(isIdentifier)).toBe(true);
  });
});

describe('room names', () => {
  test('are split at the first colon', () => {
    expect(parseRoomName('artifact:co:1/7')).toEqual({ kind: 'artifact', id: 'co:1/7' });
  });
});

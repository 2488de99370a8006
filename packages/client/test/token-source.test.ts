import { createManualClock, type ManualClock } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { DEFAULTS } from '../src/options.js';
import { createTokens, renewAfterMs, type TokenOption } from '../src/tokens.js';

test.each([
  [3_600_000, 2_880_000],
  [100_000, 70_000],
  [60_000, 30_000],
  [3_000, 1_500],
])('a token of %i ms is renewed after %i ms', (lifeMs, expected) => {
  expect(renewAfterMs(lifeMs, 0)).toBe(expected);
  expect(renewAfterMs(lifeMs, 1)).toBeCloseTo(expected * 0.9);
});

describe('token source', () => {
  function createTokenSource(token: TokenOption, clock: ManualClock) {
    const { backoff, tokenTimeoutMs } = DEFAULTS;
    const options = { backoff, clock, random: Math.random, token, tokenTimeoutMs };
    const { opened, ...tokens } = createTokens({ options, wire: { ask: () => false }, failed: () => {} });
    const expires = (expiresAt: number) => {
      opened({ expiresAt, serverTime: clock.now() });
      tokens.abandon();
    };
    return { ...tokens, expires };
  }

  test('one fetch at a time, whoever asks', async () => {
    let fetches = 0;
    const tokens = createTokenSource(async () => `t${++fetches}`, createManualClock());
    expect(await Promise.all([tokens.get('connect'), tokens.get('expiring'), tokens.get('refused')])).toEqual([
      't1',
      't1',
      't1',
    ]);
  });

  test('a token is given out again until its end and never after it', async () => {
    const clock = createManualClock();
    let fetches = 0;
    const tokens = createTokenSource(() => `t${++fetches}`, clock);
    await tokens.get('connect');
    tokens.expires(clock.now() + 60_000);
    expect(await tokens.get('connect')).toBe('t1');
    await clock.advance(58_001);
    expect(await tokens.get('connect')).toBe('t2');
    expect(await tokens.get('refused')).toBe('t3');
  });

  test('a fixed token that has ended is an error, not another try', async () => {
    const clock = createManualClock();
    const tokens = createTokenSource('fixed', clock);
    expect(await tokens.get('refused')).toBe('fixed');
    tokens.expires(clock.now());
    await expect(tokens.get('connect')).rejects.toMatchObject({ code: 'token_expired', retryable: false });
  });

  test('a provider that throws at once is asked again the next time', async () => {
    let fetches = 0;
    const tokens = createTokenSource(() => {
      if (++fetches === 1) throw new Error('down');
      return 't2';
    }, createManualClock());
    await expect(tokens.get('connect')).rejects.toThrow('down');
    expect(await tokens.get('connect')).toBe('t2');
  });

  test.each<[string, () => string]>([
    [
      'throws',
      () => {
        throw new Error('down');
      },
    ],
    ['gives none', () => ''],
  ])('a refused token is not given out again when the provider %s after it', async (_, failing) => {
    const answers = [() => 't1', failing, () => 't2'];
    const reasons: string[] = [];
    const clock = createManualClock();
    const tokens = createTokenSource(({ reason }) => {
      reasons.push(reason);
      return answers.shift()?.() ?? '';
    }, clock);
    await tokens.get('connect');
    tokens.expires(clock.now() + 60_000);
    await expect(tokens.get('refused')).rejects.toThrow();
    expect(await tokens.get('connect')).toBe('t2');
    expect(reasons).toEqual(['connect', 'refused', 'refused']);
  });

  test('a fetch that is given up is not taken for the next one', async () => {
    const seen: AbortSignal[] = [];
    const answers: ((token: string) => void)[] = [];
    const tokens = createTokenSource(({ signal }) => {
      seen.push(signal);
      return new Promise((resolve) => answers.push(resolve));
    }, createManualClock());
    const first = tokens.get('connect');
    tokens.abandon();
    const second = tokens.get('connect');
    answers[0]?.('old');
    answers[1]?.('new');
    await first;
    expect(await second).toBe('new');
    expect(seen.map(({ aborted }) => aborted)).toEqual([true, false]);
  });
});

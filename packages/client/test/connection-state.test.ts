import { CLOSE_CODES, closeCodeRule } from '@trunkline/protocol';
import { describe, expect, test } from 'vitest';
import {
  type ConnectionInput,
  type ConnectionState,
  closeRule,
  type ReconnectRules,
  type Status,
  transition,
} from '../src/connection-state.js';

const rules: ReconnectRules = {
  baseMs: 500,
  capMs: 30_000,
  spreadMs: 1_000,
  renewable: true,
  maxAttempts: Number.POSITIVE_INFINITY,
};
const lost = (code: number, random = 1): ConnectionInput => ({ type: 'lost', cause: { code, reason: '' }, random });
const welcomed: ConnectionInput = { type: 'welcomed', connectionId: 'c_1', userId: 'u1' };

function run(inputs: readonly ConnectionInput[], given: Partial<ReconnectRules> = {}): ConnectionState {
  return inputs.reduce<ConnectionState>((state, input) => transition(state, input, { ...rules, ...given }), {
    status: 'idle',
  });
}
const connecting = [{ type: 'connect' }] as const satisfies ConnectionInput[];
const authenticating = [...connecting, { type: 'opened' }] as const satisfies ConnectionInput[];
const open = [...authenticating, welcomed] as const satisfies ConnectionInput[];
const stable = [...open, { type: 'stable' }] as const satisfies ConnectionInput[];
const waiting = [...stable, lost(1006)] as const satisfies ConnectionInput[];
const closed = [
  ...open,
  { type: 'lost', final: true, cause: { code: 1000, reason: '' } },
] as const satisfies ConnectionInput[];
const WAYS: Readonly<Record<Status, readonly ConnectionInput[]>> = {
  idle: [],
  connecting,
  authenticating,
  open,
  waiting,
  closed,
};

test.each<[Status, ConnectionInput, Status]>([
  ['idle', { type: 'connect' }, 'connecting'],
  ['idle', { type: 'retry' }, 'idle'],
  ['idle', lost(1006), 'idle'],
  ['idle', { type: 'lost', final: true, cause: { code: 1000, reason: '' } }, 'closed'],
  ['connecting', { type: 'connect' }, 'connecting'],
  ['connecting', { type: 'opened' }, 'authenticating'],
  ['connecting', welcomed, 'connecting'],
  ['connecting', lost(1006), 'waiting'],
  ['authenticating', welcomed, 'open'],
  ['authenticating', { type: 'stable' }, 'authenticating'],
  ['authenticating', lost(4100), 'waiting'],
  ['open', { type: 'opened' }, 'open'],
  ['open', { type: 'leaving' }, 'open'],
  ['open', lost(4500), 'closed'],
  ['open', { type: 'lost', final: true, cause: { code: 1000, reason: '' } }, 'closed'],
  ['waiting', { type: 'retry' }, 'connecting'],
  ['waiting', { type: 'connect' }, 'connecting'],
  ['waiting', lost(1006), 'waiting'],
  ['waiting', { type: 'opened' }, 'waiting'],
  ['waiting', { type: 'lost', final: true, cause: { code: 1000, reason: '' } }, 'closed'],
  ['closed', { type: 'retry' }, 'closed'],
  ['closed', { type: 'opened' }, 'closed'],
  ['closed', lost(1006), 'closed'],
  ['closed', { type: 'connect' }, 'connecting'],
])('in %s, %o leads to %s', (from, input, to) => {
  expect(run([...WAYS[from], input]).status).toBe(to);
});

test('an input that means nothing gives the same state object back', () => {
  const state = run(open);
  expect(transition(state, { type: 'opened' }, rules)).toBe(state);
});

describe('close codes', () => {
  test('the rule agrees with the table of the protocol for every code there can be', () => {
    for (let code = 1000; code < 5000; code++) {
      const { reconnect, newToken } = closeCodeRule(code);
      expect({ code, ...closeRule(code) }).toEqual({ code, reconnect, newToken });
    }
  });

  test.each(Object.entries(CLOSE_CODES).map(([code, rule]) => [Number(code), rule] as const))(
    '%i does what its row says, in every live state',
    (code, rule) => {
      for (const status of ['connecting', 'authenticating', 'open'] as const) {
        const next = run([...WAYS[status], lost(code)]);
        expect(next.status).toBe(rule.reconnect === 'never' ? 'closed' : 'waiting');
        if (next.status === 'waiting') expect(next.newToken).toBe(rule.newToken);
      }
    },
  );
});

describe('waiting', () => {
  test.each([
    ['a drop without a code', 1006],
    ['a restart', 1012],
    ['a heartbeat timeout', 4000],
  ])('the first retry after %s is uniform over the spread the server told', (_, code) => {
    expect(run([...stable, lost(code, 0.3)], { spreadMs: 200 })).toMatchObject({ delayMs: 60, failures: 1 });
  });

  test('later retries are full jitter, doubling from 500 ms to the cap', () => {
    let state = run(waiting);
    const bounds: number[] = [];
    for (let n = 0; n < 9; n++) {
      state = transition(transition(state, { type: 'retry' }, rules), lost(1006, 1), rules);
      if (state.status === 'waiting') bounds.push(state.delayMs);
    }
    expect(bounds).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000]);
  });

  test('a server that accepts and closes at once makes the delay rise all the same', () => {
    let state = run(open);
    const bounds: number[] = [];
    for (let n = 0; n < 4; n++) {
      state = transition(state, lost(1001, 1), rules);
      if (state.status === 'waiting') bounds.push(state.delayMs);
      for (const input of [{ type: 'retry' }, { type: 'opened' }, welcomed] as const)
        state = transition(state, input, rules);
    }
    expect(bounds).toEqual([1_000, 1_000, 2_000, 4_000]);
  });

  test('five stable seconds begin anew', () => {
    const state = run(
      [...waiting, { type: 'retry' }, { type: 'opened' }, welcomed, { type: 'stable' }, lost(1006, 1)],
      { spreadMs: 10 },
    );
    expect(state).toMatchObject({ status: 'waiting', delayMs: 10, failures: 1 });
  });

  test('a wait that the server asked for is a lower bound', () => {
    expect(
      run([...open, { type: 'lost', cause: { code: 1013, reason: '' }, random: 0, minDelayMs: 7_000 }]),
    ).toMatchObject({ delayMs: 7_000 });
  });
});

describe('tokens', () => {
  test('a refused token is renewed at once the first time and after backoff the second time', () => {
    const once = run([...authenticating, lost(4100, 1)], { spreadMs: 20 });
    expect(once).toMatchObject({ newToken: true, delayMs: 20, refusals: 1 });
    const twice = [{ type: 'retry' }, { type: 'opened' }, lost(4100, 1)] as const;
    expect(twice.reduce<ConnectionState>((state, input) => transition(state, input, rules), once)).toMatchObject({
      newToken: true,
      delayMs: 1_000,
      refusals: 2,
    });
  });

  test('a refused token that can not be renewed is final', () => {
    expect(run([...authenticating, lost(4101)], { renewable: false })).toMatchObject({
      status: 'closed',
      cause: { code: 4101 },
    });
  });

  test('two ends before the socket opened ask for one new token', () => {
    const first = run([...connecting, lost(1006)]);
    const second = transition(transition(first, { type: 'retry' }, rules), lost(1006), rules);
    const third = transition(transition(second, { type: 'retry' }, rules), lost(1006), rules);
    expect([first, second, third]).toMatchObject([{ newToken: false }, { newToken: true }, { newToken: false }]);
  });
});

test('maxAttempts is how many tries in a row may fail', () => {
  expect(run([...connecting, lost(1006), { type: 'retry' }], { maxAttempts: 2 }).status).toBe('connecting');
  expect(run([...connecting, lost(1006), { type: 'retry' }, lost(1006)], { maxAttempts: 2 }).status).toBe('closed');
});

import { createManualClock, eventually } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import type { TokenContext } from '../src/index.js';
import { errors, statuses } from './support/observe-client.js';
import { openClient } from './support/open-client.js';
import { DAILY_HEARTBEAT, startScript } from './support/scripted-server.js';

describe('tokens', () => {
  test('a token is renewed in place, ahead of its end by the server’s clock, without a reconnect (graphql-ws #503; RELIABILITY 37)', async () => {
    await using script = await startScript();
    let fetches = 0;
    const contexts: TokenContext['reason'][] = [];
    await using client = openClient({
      url: script.url,
      token: ({ reason }) => {
        contexts.push(reason);
        return `t${++fetches}`;
      },
    });
    const opening = client.connect();
    const peer = await script.connection();
    // Its clock is an hour off; the token has 400 ms.
    const serverTime = Date.now() + 3_600_000;
    expect((await peer.welcome({ serverTime, expiresAt: serverTime + 400 })).token).toBe('t1');
    await opening;
    const seen = statuses(client);
    const refresh = await peer.next('refresh');
    expect(refresh.token).toBe('t2');
    peer.send({ type: 'response', id: refresh.id, data: { expiresAt: serverTime + 3_600_000, joined: [], left: [] } });
    peer.send({ type: 'expiring', expiresAt: serverTime });
    expect((await peer.next('refresh')).token).toBe('t3');
    expect([seen, contexts]).toEqual([[], ['connect', 'expiring', 'expiring']]);
  });

  test('a renewal that fails is told and tried again until it works', async () => {
    await using script = await startScript();
    let fetches = 0;
    const clock = createManualClock();
    await using client = openClient({
      url: script.url,
      clock,
      token: () => {
        if (++fetches === 2) throw new Error('the login service is down');
        return `t${fetches}`;
      },
    });
    const told = errors(client);
    const opening = client.connect();
    const peer = await script.connection();
    await peer.welcome({ heartbeat: DAILY_HEARTBEAT, serverTime: clock.now(), expiresAt: clock.now() + 3_600_000 });
    await opening;
    await clock.advance(2_880_000);
    await eventually(() => told.length === 1);
    await clock.advance(30_000);
    const refresh = await peer.next('refresh');
    peer.send({ type: 'error', id: refresh.id, code: 'unauthenticated', message: '', retryable: false });
    await eventually(() => told.length === 2);
    await clock.advance(30_000);
    expect([(await peer.next('refresh')).token, told]).toEqual(['t4', ['unavailable', 'unauthenticated']]);
  });

  test('a renewal whose provider never answers is given up after its time, told, and tried again', async () => {
    await using script = await startScript();
    let fetches = 0;
    const signals: AbortSignal[] = [];
    const clock = createManualClock();
    await using client = openClient({
      url: script.url,
      clock,
      random: () => 0,
      token: ({ signal }) => {
        signals.push(signal);
        return ++fetches === 2 ? new Promise<never>(() => {}) : `t${fetches}`;
      },
    });
    const told = errors(client);
    const opening = client.connect();
    const peer = await script.connection();
    await peer.welcome({ heartbeat: DAILY_HEARTBEAT, serverTime: clock.now(), expiresAt: clock.now() + 3_600_000 });
    await opening;
    await clock.advance(2_880_000);
    expect([fetches, told]).toEqual([2, []]);
    await clock.advance(30_000);
    expect([told, signals[1]?.aborted]).toEqual([['timeout'], true]);
    await clock.advance(30_000);
    expect((await peer.next('refresh')).token).toBe('t3');
  });

  test('a renewal whose provider fails spoils no token: the one at hand is good for the next connection', async () => {
    await using script = await startScript();
    const clock = createManualClock();
    const reasons: string[] = [];
    await using client = openClient({
      url: script.url,
      clock,
      random: () => 0.5,
      token: ({ reason }) => {
        reasons.push(reason);
        if (reasons.length > 1) throw new Error('away');
        return 't1';
      },
    });
    const told = errors(client);
    const opening = client.connect();
    const peer = await script.connection();
    await peer.welcome({ heartbeat: DAILY_HEARTBEAT, serverTime: clock.now(), expiresAt: clock.now() + 3_600_000 });
    await opening;
    while (told.length < 2) await clock.advance(10_000);
    peer.close(4000);
    await eventually(() => client.state.status === 'waiting');
    await clock.advance(2_000);
    expect((await (await script.connection()).next('hello')).token).toBe('t1');
    expect(new Set(reasons)).toEqual(new Set(['connect', 'expiring']));
  });
});

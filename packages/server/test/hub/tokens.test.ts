import { connectRaw } from '@trunkline/testkit';
import { SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { connect, SECRET, type StartedHub, startHub } from './start-hub.js';

type Started = Pick<StartedHub<never>, 'url' | 'token'>;

const now = () => Math.floor(Date.now() / 1_000);

const sign = (claims: { nbf?: number; exp?: number }, secret = SECRET) =>
  new SignJWT({ sub: 'ann', exp: now() + 600, ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(secret));

/** How a hello with this token is refused, and how long that took. */
async function refusalOf(hub: Started, token: string) {
  await using client = await connectRaw({ url: hub.url });
  const from = performance.now();
  client.send({ type: 'hello', id: 'h', token });
  const { code, message } = await client.nextOf('error');
  const tookMs = performance.now() - from;
  return { code, message, closed: await client.closed, tookMs };
}

describe('a bad token (S2)', () => {
  test('is refused in the same words and with the same code, whatever is wrong with it', async () => {
    await using hub = await startHub();
    const expected = {
      code: 'unauthenticated',
      message: 'The token is not valid.',
      closed: { code: 4100, reason: 'unauthenticated' },
    };
    const bad = [
      'garbage',
      `${await sign({})}x`,
      await sign({}, 'another-secret-of-at-least-32-bytes!!'),
      await sign({ nbf: now() + 3_600 }),
      `eyJhbGciOiJub25lIn0.${(await sign({})).split('.')[1]}.`,
    ];
    for (const token of bad) expect(await refusalOf(hub, token)).toMatchObject(expected);
    expect(hub.hub.status().connections).toBe(0);
  });

  test('takes no longer to refuse than another', async () => {
    await using hub = await startHub();
    const garbage = 'garbage';
    const others = [await sign({}, 'another-secret-of-at-least-32-bytes!!'), await sign({ nbf: now() + 3_600 })];
    for (const other of others) {
      const tookMs = new Map<string, number[]>([garbage, other].map((token) => [token, []]));
      for (let pair = 0; pair < 40; pair++) {
        const order = pair % 2 === 0 ? [garbage, other] : [other, garbage];
        for (const token of order) tookMs.get(token)?.push((await refusalOf(hub, token)).tookMs);
      }
      // The quickest of many is the work itself: the rest of a time is what else the machine does, which may hit one thread alone.
      const [quickest = 0, quickestOther = 0] = [...tookMs.values()].map((times) => Math.min(...times));
      // The same class of latency however slow the machine is: a signature checked doubles what little a refusal takes.
      expect(Math.abs(quickestOther - quickest)).toBeLessThan(3 * quickest);
    }
  });
});

describe('a refresh (S11, S12, S13)', () => {
  test('keeps the connection beyond the end of its first token', async () => {
    await using hub = await startHub({ heartbeat: { intervalMs: 100, timeoutMs: 5_000 } });
    await using ann = await connect(hub, 'ann', { lifeSeconds: -3 });
    await using bob = await connect(hub, 'bob', { lifeSeconds: -3 });
    const { expiresAt } = await ann.nextOf('expiring');
    ann.send({ type: 'refresh', id: 'r1', token: await hub.token('ann') });
    await ann.nextOf('response');
    expect(await bob.closed).toEqual({ code: 4101, reason: 'token_expired' });
    expect(Date.now()).toBeGreaterThanOrEqual(expiresAt + 5_000);
    expect((await ann.join('lobby:a')).room).toBe('lobby:a');
  });

  test('with another short token is told of its end when half of it is over', async () => {
    await using hub = await startHub({ heartbeat: { intervalMs: 100, timeoutMs: 5_000 } });
    await using ann = await connect(hub, 'ann', { lifeSeconds: 4 });
    await ann.nextOf('expiring');
    const refreshedAt = Date.now();
    ann.send({ type: 'refresh', id: 'r1', token: await hub.token('ann', { lifeSeconds: 4 }) });
    const { expiresAt } = await ann.nextOf('expiring');
    expect(Date.now()).toBeGreaterThanOrEqual((refreshedAt + expiresAt) / 2);
  });

  test('with fewer rights leaves the rooms lost at once and tells so; the others see no change elsewhere', async () => {
    await using hub = await startHub();
    const rooms = ['booking:1', 'conversation:1'];
    await using bob = await connect(hub, 'bob', { rooms });
    for (const room of rooms) await bob.join(room);
    await using ann = await connect(hub, 'ann', { rooms });
    for (const room of rooms) await ann.join(room);
    for (const room of rooms)
      await bob.nextWhere((frame) => frame.type === 'presence' && frame.room === room, `presence in ${room}`);
    ann.send({ type: 'refresh', id: 'r1', token: await hub.token('ann', { rooms: ['conversation:1'] }) });
    expect(await ann.nextOf('left')).toMatchObject({ room: 'booking:1', reason: 'token_refreshed' });
    expect(await bob.nextOf('presence')).toMatchObject({ room: 'booking:1', change: 'leave' });
    await hub.hub.publish({ rooms: ['booking:1'], event: 'status_update', data: { bookingId: '1', status: 'x' } });
    await bob.nextOf('event');
    expect(ann.seen.filter(({ type }) => type === 'event')).toEqual([]);
    expect(bob.pending.filter(({ type }) => type === 'presence')).toEqual([]);
    await ann.publish('conversation:1', 'typing', { isTyping: true });
  });

  test('leaves only the newest token to be revoked, and refuses a revoked one', async () => {
    await using hub = await startHub();
    await using ann = await connect(hub, 'ann', { jti: 't1' });
    ann.send({ type: 'refresh', id: 'r1', token: await hub.token('ann', { jti: 't2' }) });
    await ann.nextOf('response');
    await hub.hub.revoke({ tokenId: 't1' });
    ann.send({ type: 'refresh', id: 'r2', token: await hub.token('ann', { jti: 't1' }) });
    expect(await ann.nextOf('error')).toMatchObject({ id: 'r2', code: 'token_revoked' });
    await ann.join('lobby:a');
    await hub.hub.revoke({ tokenId: 't2' });
    expect((await ann.closed).code).toBe(4102);
  });
});

import { defineContract, durable } from '@trunkline/protocol/contract';
import { createRedisBackend } from '@trunkline/server';
import { startRedis } from '@trunkline/testkit';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { message, room } from './http-room.js';
import { fieldsOf, startApi } from './start-api.js';

describe('POST /v1/rooms/:room/events', () => {
  it('publishes with the id and place of the event in the answer', async () => {
    await using server = await startApi();
    const first = await server.call('POST', `${room}/events`, { as: server.tokens.service, body: message('one') });
    expect(first.status).toBe(200);
    expect(await first.json()).toEqual({ id: expect.any(String), epoch: expect.any(String), offset: 1 });
    const page = await server.hub.history('lobby:hall', { limit: 10 });
    expect(page.entries).toMatchObject([{ event: 'message', data: { text: 'one' }, from: { service: 'backend' } }]);
  });

  it('acts once for one id, given in the body or as Idempotency-Key', async () => {
    await using server = await startApi();
    const as = server.tokens.service;
    const first = await fieldsOf(
      await server.call('POST', `${room}/events`, { as, body: { ...message('one'), id: 'order-7' } }),
    );
    const second = await (
      await server.call('POST', `${room}/events`, {
        as,
        body: message('one'),
        headers: { 'idempotency-key': 'order-7' },
      })
    ).json();
    expect(second).toEqual({ ...first, duplicate: true });
    expect((await server.hub.history('lobby:hall', { limit: 10 })).entries).toHaveLength(1);
    const other = await server.call('POST', `${room}/events`, { as, body: { ...message('two'), id: 'order-7' } });
    expect(other.status).toBe(409);
    expect(await other.json()).toMatchObject({ code: 'id_conflict' });
  });

  it('says that an unknown outcome may be sent again where it has an id, and only there', async () => {
    await using redis = await startRedis();
    const done = durable(z.looseObject({}));
    const contract = defineContract({ rooms: { safe: { join: ['user'], minReplicas: 1, events: { done } } } });
    // No replica: whether the log keeps what it has taken is not known.
    await using server = await startApi({ hub: { ...createRedisBackend({ url: redis.url }), contract } });
    const as = server.tokens.service;
    const event = { type: 'done', data: {} };
    const one = (body: object) => server.call('POST', '/v1/rooms/safe%3A1/events', { as, body });
    const many = (body: object) => server.call('POST', '/v1/events', { as, body: { events: [body] } });
    const withId = await one({ ...event, id: 'a' });
    expect([withId.status, await withId.json()]).toMatchObject([503, { code: 'unknown_outcome', retrySafe: true }]);
    expect(withId.headers.get('retry-after')).toBe('1');
    const without = await fieldsOf(await one(event));
    expect(without).toMatchObject({ code: 'unknown_outcome', retryable: false });
    expect(without).not.toHaveProperty('retrySafe');
    const listed = await many({ ...event, room: 'safe:1', id: 'b' });
    expect(await listed.json()).toMatchObject({ results: [{ error: { code: 'unknown_outcome', retrySafe: true } }] });
    const { results } = await fieldsOf(await many({ ...event, room: 'safe:1' }));
    expect(results).toMatchObject([{ error: { code: 'unknown_outcome' } }]);
    expect(results).not.toMatchObject([{ error: { retrySafe: true } }]);
  }, 20_000);

  it('keeps the ids of two services apart', async () => {
    await using server = await startApi();
    const { service, admin } = server.tokens;
    const publish = async (as: string, text: string) =>
      fieldsOf(await server.call('POST', `${room}/events`, { as, body: { ...message(text), id: '1' } }));
    const [first, same, other] = [await publish(service, 'a'), await publish(admin, 'a'), await publish(service, 'a')];
    expect(same).toMatchObject({ offset: 2 });
    expect(other).toEqual({ ...first, duplicate: true });
    const page = await server.hub.history('lobby:hall', { limit: 10 });
    expect(page.entries.map(({ from }) => from)).toEqual([{ service: 'backend' }, { service: expect.any(String) }]);
  });

  it('lets nobody but admins publish where deliveries are proved', async () => {
    await using server = await startApi();
    const path = '/v1/rooms/verify%3A1/events';
    const body = { type: 'probe', data: { run: 'r', n: 1 } };
    const answer = await server.call('POST', path, { as: server.tokens.service, body });
    expect([answer.status, await answer.json()]).toMatchObject([403, { code: 'forbidden' }]);
    const page = await server.hub.history('verify:1', { limit: 1 });
    expect(page.entries).toEqual([]);
  });

  it('takes rooms whose names need encoding', async () => {
    await using server = await startApi();
    const path = `/v1/rooms/${encodeURIComponent('artifact:c1/a7')}/events`;
    const answer = await server.call('POST', path, {
      as: server.tokens.admin,
      body: { type: 'update', data: { action: 'x', data: 1 } },
    });
    expect(answer.status).toBe(200);
    expect((await server.hub.history('artifact:c1/a7', { limit: 1 })).entries).toHaveLength(1);
  });

  it.each([
    ['a room outside the grammar', '/v1/rooms/nonsense/events', message('x'), 400, 'invalid_room'],
    ['a room of unknown kind', '/v1/rooms/strange%3A1/events', message('x'), 404, 'unknown_room_kind'],
    ['an unknown event', `${room}/events`, { type: 'strange', data: {} }, 400, 'unknown_event'],
    ['data that fails its schema', `${room}/events`, { type: 'message', data: { text: 7 } }, 400, 'invalid_data'],
    ['no type', `${room}/events`, { data: { text: 'x' } }, 400, 'invalid_data'],
    ['a long id', `${room}/events`, { ...message('x'), id: 'x'.repeat(129) }, 400, 'invalid_data'],
    ['a list', `${room}/events`, [message('x')], 400, 'invalid_data'],
    ['a body over the limit', `${room}/events`, message('x'.repeat(70_000)), 413, 'too_large'],
  ])('refuses %s and changes nothing', async (_, path, body, status, code) => {
    await using server = await startApi();
    const answer = await server.call('POST', path, { as: server.tokens.service, body });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(await answer.json()).toMatchObject({
      code,
      status,
      title: expect.any(String),
      detail: expect.any(String),
      retryable: false,
    });
    expect((await server.hub.history('lobby:hall', { limit: 10 })).entries).toHaveLength(0);
  });

  it('names the field type of an unknown event', async () => {
    await using server = await startApi();
    const body = { type: 'strange', data: {} };
    const answer = await server.call('POST', `${room}/events`, { as: server.tokens.service, body });
    expect(await answer.json()).toMatchObject({ code: 'unknown_event', path: 'type' });
  });

  it('refuses two keys that differ', async () => {
    await using server = await startApi();
    const answer = await server.call('POST', `${room}/events`, {
      as: server.tokens.service,
      body: { ...message('x'), id: 'a' },
      headers: { 'idempotency-key': 'b' },
    });
    expect(answer.status).toBe(400);
  });

  it.each([
    '{"type":"message","data":{"__proto__":{"admin":true}}}',
    '{"type":"message","data":{"text":1e400}}',
    `{"type":"message","data":${'['.repeat(500)}${']'.repeat(500)}}`,
    '{"type":',
    '\u0000',
  ])('refuses the body %#', async (body) => {
    await using server = await startApi();
    const answer = await fetch(`${server.url}${room}/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${server.tokens.service}`, 'content-type': 'application/json' },
      body,
    });
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect((await server.hub.history('lobby:hall', { limit: 10 })).entries).toHaveLength(0);
  });

  it('refuses another content type with 415 and another method with 405 and Allow', async () => {
    await using server = await startApi();
    const text = await fetch(`${server.url}${room}/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${server.tokens.service}`, 'content-type': 'text/plain' },
      body: 'x',
    });
    expect(text.status).toBe(415);
    expect(await text.json()).toMatchObject({ code: 'unsupported_media_type' });
    const patch = await server.call('PATCH', `${room}/events`, { as: server.tokens.service, body: {} });
    expect(patch.status).toBe(405);
    expect(patch.headers.get('allow')).toMatch(/GET.*POST|POST.*GET/);
    expect(await patch.json()).toMatchObject({ code: 'method_not_allowed' });
  });
});

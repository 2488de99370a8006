import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { createMemoryDirectory } from '../../src/directory/memory-directory.js';
import { createWebhookDirectory, type WebhookDirectoryOptions } from '../../src/directory/webhook-directory.js';
import type { Relation, RelationChange } from '../../src/seams/directory.js';

const fact: Relation = { object: 'booking:1', relation: 'owner', user: 'ann' };

/** A service that knows relations, and says so to a directory of ours. */
async function startService(options: Partial<WebhookDirectoryOptions> = {}) {
  const state: { facts: Relation[]; status: number; body: string | null; asked: string[]; signatures: unknown[] } = {
    facts: [],
    status: 200,
    body: null,
    asked: [],
    signatures: [],
  };
  const server = createServer((req, res) => {
    const { searchParams } = new URL(req.url ?? '/', 'http://service');
    state.asked.push(searchParams.toString());
    state.signatures.push(req.headers['x-trunkline-signature']);
    const relations = state.facts.filter((known) =>
      ['object', 'relation', 'user'].every(
        (name) => (searchParams.get(name) ?? Reflect.get(known, name)) === Reflect.get(known, name),
      ),
    );
    res
      .writeHead(state.status, { 'content-type': 'application/json' })
      .end(state.body ?? JSON.stringify({ relations }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/relations?tenant=7`;
  const directory = createWebhookDirectory({ url, carrier: createMemoryDirectory(), ...options });
  await directory.start();
  return {
    state,
    directory,
    async [Symbol.asyncDispose]() {
      await directory.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

it('asks the service and believes what it says', async () => {
  await using service = await startService();
  service.state.facts = [fact, { ...fact, relation: 'technician', user: 'bob' }];
  expect(await service.directory.check(fact)).toBe(true);
  expect(await service.directory.check({ ...fact, user: 'eve' })).toBe(false);
  expect(await service.directory.objectsOf('ann', 'owner', 'booking')).toEqual(['booking:1']);
  expect(await service.directory.relationsOf('booking:1')).toHaveLength(2);
  expect(service.state.asked[0]).toBe('tenant=7&object=booking%3A1&relation=owner&user=ann');
});

it('asks one question once, however many wait, and again when the answer is old', async () => {
  await using service = await startService({ cacheTtlMs: 0 });
  await Promise.all(Array.from({ length: 50 }, () => service.directory.check(fact)));
  expect(service.state.asked).toHaveLength(1);
  await service.directory.check(fact);
  expect(service.state.asked).toHaveLength(2);
});

it('keeps an answer until a change is told, and then tells who listens', async () => {
  await using service = await startService();
  const heard: (RelationChange | null)[] = [];
  service.directory.onChange((change) => heard.push(change));
  expect(await service.directory.check(fact)).toBe(false);
  service.state.facts = [fact];
  expect(await service.directory.check(fact)).toBe(false);
  for (let n = 0; n < 2; n++) {
    await service.directory.change({ ...fact, present: true });
    expect(heard.at(-1)).toEqual({ ...fact, present: true });
  }
  expect(await service.directory.check(fact)).toBe(true);
  service.state.facts = [];
  await service.directory.change({ ...fact, present: false });
  expect(await service.directory.check(fact)).toBe(false);
});

it.each([
  ['an error', { status: 500 }],
  ['a redirect', { status: 302 }],
  ['no JSON', { body: '<html>' }],
  ['another shape', { body: '{"allowed":true}' }],
])('fails closed on %s, and asks again the next time', async (_, answer) => {
  await using service = await startService();
  Object.assign(service.state, { facts: [fact], ...answer });
  await expect(service.directory.check(fact)).rejects.toMatchObject({ code: 'unavailable', retryable: true });
  Object.assign(service.state, { status: 200, body: null });
  expect(await service.directory.check(fact)).toBe(true);
});

it('believes no fact that was not asked for', async () => {
  await using service = await startService();
  service.state.body = JSON.stringify({
    relations: [
      { ...fact, user: 'eve' },
      { ...fact, object: 'booking:2' },
    ],
  });
  expect(await service.directory.check(fact)).toBe(false);
  expect(await service.directory.objectsOf('ann', 'owner', 'support')).toEqual([]);
});

it('signs what it asks', async () => {
  await using service = await startService({ secret: 'shared' });
  await service.directory.check(fact);
  const [, time, digest] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(service.state.signatures[0])) ?? [];
  const path = `/relations?${service.state.asked[0]}`;
  expect(digest).toBe(createHmac('sha256', 'shared').update(`${time}.${path}`).digest('hex'));
});

import { fileURLToPath } from 'node:url';
import { type Client, createClient, type Gap } from '@trunkline/client';
import { eventually, freePort, spawnServer } from '@trunkline/testkit';
import { SignJWT } from 'jose';
import { expect, it } from 'vitest';
import { WebSocket } from 'ws';

const MAIN = fileURLToPath(new URL('../../apps/server/dist/main.js', import.meta.url));
const SECRET = 'a-secret-of-at-least-32-bytes-for-tests';
const ROOMS = ['lobby:a', 'lobby:b', 'lobby:c'] as const;

/** A client with what its application was told. */
async function join(port: number, name: string) {
  const token = await new SignJWT({})
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(name)
    .setIssuedAt()
    .setExpirationTime('1 hour')
    .sign(new TextEncoder().encode(SECRET));
  const client: Client = createClient({ url: `ws://127.0.0.1:${port}/v1/connect`, token, WebSocket });
  const gaps: Gap[] = [];
  const texts = new Set<string>();
  client.on('gap', (gap) => gaps.push(gap));
  for (const name of ROOMS) {
    const room = client.room(name);
    room.onEvent(({ data }) => texts.add((data as { readonly text: string }).text));
    await room.join();
  }
  return { client, gaps, texts, [Symbol.asyncDispose]: () => client.close() };
}

it('tells one gap a room when a memory server is killed in the middle and starts again, and goes on', async () => {
  const port = await freePort();
  const start = () =>
    spawnServer({
      main: MAIN,
      env: { NODE_ENV: 'production', JWT_SECRET: SECRET, PORT: String(port), LOG_LEVEL: 'warn' },
    });
  const first = await start();
  await using ann = await join(port, 'ann');
  await using bob = await join(port, 'bob');
  const publish = (text: string) => ROOMS.map((room) => ann.client.room(room).publish('message', { text }));
  for (let n = 0; n < 20; n++) await Promise.all(publish(`before ${n}`));
  const underWay = Array.from({ length: 20 }, (_, n) => publish(`middle ${n}`)).flat();
  await first.kill();
  await using _second = await start();
  // What was sent and not answered may have been in the log that is gone: nobody can know, and that is said.
  for (const outcome of await Promise.allSettled(underWay))
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'unknown_outcome' });
  await eventually(
    () => bob.client.state.status === 'open' && ROOMS.every((room) => bob.client.room(room).status === 'joined'),
    // Where the new server took long to start, the next try is up to the cap of the backoff away.
    { timeoutMs: 35_000 },
  );
  await eventually(() => bob.gaps.length >= ROOMS.length);
  await Promise.all(publish('after'));
  for (const { gaps, texts } of [ann, bob]) {
    await eventually(() => texts.has('after'));
    expect(gaps.map(({ room }) => room).sort()).toEqual([...ROOMS]);
    expect(new Set(gaps.map(({ reason }) => reason))).toEqual(new Set(['epoch_changed']));
  }
}, 90_000);

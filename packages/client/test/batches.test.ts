import { eventually } from '@trunkline/testkit';
import { expect, test } from 'vitest';
import { openClient, QUICK, type TestClient } from './support/open-client.js';
import { POSITION, startScript } from './support/scripted-server.js';
import { startServer } from './support/start-server.js';

const ROOM = 'lobby:main';
const joined = { type: 'joined', room: ROOM, position: POSITION, recovered: false, missed: 0 } as const;
const event = (offset: number) => ({
  type: 'event',
  room: ROOM,
  event: 'message',
  id: `ev-${offset}`,
  offset,
  epoch: POSITION.epoch,
  from: { userId: 'u2' },
  data: { text: `${offset}` },
  timestamp: 0,
});
const goaway = (code: number) => ({ type: 'goaway', code, reason: 'unavailable', reconnect: true, afterMs: 0 });
function textsOf(client: TestClient): string[] {
  const texts: string[] = [];
  client.room('lobby', 'main').on('message', ({ data }) => texts.push(data.text));
  return texts;
}

test('a hello asks for batches, and each frame of one counts in its order', async () => {
  await using script = await startScript();
  await using client = openClient({ url: script.url });
  const texts = textsOf(client);
  const joining = client.room('lobby', 'main').join();
  const peer = await script.connection();
  expect(await peer.welcome()).toMatchObject({ batch: true });
  peer.sendBatch([joined, event(1), event(2)]);
  await joining;
  const published = client.room('lobby', 'main').publish('message', { text: '3' });
  const { id } = await peer.next('publish');
  peer.sendBatch([event(3), { type: 'ack', id, eventId: 'ev-3', epoch: POSITION.epoch, offset: 3 }, { type: 'ping' }]);
  expect(await published).toMatchObject({ offset: 3 });
  await peer.next('pong');
  expect(texts).toEqual(['1', '2', '3']);
});

test('what is no frame in a batch, and what breaks us, costs none of the others', async () => {
  await using script = await startScript();
  await using client = openClient({ url: script.url });
  const texts = textsOf(client);
  const told: string[] = [];
  client.on('error', ({ code }) => told.push(code));
  const joining = client.room('lobby', 'main').join();
  const peer = await script.connection();
  await peer.welcome();
  const broken = { ...event(2), event: 'typing', from: undefined };
  peer.sendBatch([joined, null, 7, [event(1)], { type: 1 }, { type: 'of the future' }, event(1), broken, event(3)]);
  await joining;
  peer.sendBatch([]);
  peer.send({ type: 'ping' });
  await peer.next('pong');
  expect([texts, told, client.state.status]).toEqual([['1', '3'], ['unavailable'], 'open']);
});

test('nothing of a batch is shown once the application has closed the client in the middle of it', async () => {
  await using script = await startScript();
  await using client = openClient({ url: script.url });
  const texts = textsOf(client);
  client.room('lobby', 'main').on('message', ({ data }) => void (data.text === '2' && client.close()));
  const joining = client.room('lobby', 'main').join();
  const peer = await script.connection();
  await peer.welcome();
  peer.sendBatch([joined, event(1), event(2), event(3), goaway(4005)]);
  await joining;
  expect(await peer.closed).toBe(1000);
  expect([texts, client.state]).toMatchObject([['1', '2'], { status: 'closed', cause: { code: 1000 } }]);
});

test('what follows a goaway in its batch comes with the next connection, once', async () => {
  await using script = await startScript();
  await using client = openClient({ ...QUICK, url: script.url });
  const texts = textsOf(client);
  const joining = client.room('lobby', 'main').join();
  const first = await script.connection();
  await first.welcome();
  first.sendBatch([joined, event(1), goaway(4005), event(2), { type: 'welcome' }]);
  await joining;
  const second = await script.connection();
  const hello = await second.welcome();
  expect(hello.rooms).toEqual([{ room: ROOM, position: { epoch: POSITION.epoch, offset: 1, lastId: 'ev-1' } }]);
  const position = { epoch: POSITION.epoch, offset: 1, lastId: 'ev-1' };
  second.sendBatch([{ ...joined, position, recovered: true, missed: 1 }, event(2)]);
  await eventually(() => texts.length === 2);
  expect(texts).toEqual(['1', '2']);
});

test('a real server sends what one turn brings in few messages', async () => {
  await using server = await startServer();
  const { WebSocket } = await import('ws');
  const messages: string[] = [];
  class Noted extends WebSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols);
      this.on('message', (data) => messages.push(String(data)));
    }
  }
  await using client = openClient({ url: server.url, token: () => server.token('bob'), WebSocket: Noted });
  const texts = textsOf(client);
  await client.room('lobby', 'main').join();
  const before = messages.length;
  const expected = Array.from({ length: 200 }, (_, n) => `${n}`);
  await Promise.all(expected.map((text) => server.hub.publish({ rooms: [ROOM], event: 'message', data: { text } })));
  await eventually(() => texts.length === expected.length);
  expect(texts).toEqual(expected);
  expect(messages.length - before).toBeLessThan(20);
});

import { connectRaw, eventually } from '@trunkline/testkit';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { startWholeServer } from './start-server.js';

function createLog() {
  const lines: Record<string, unknown>[] = [];
  const logger = pino({}, { write: (line: string) => lines.push(JSON.parse(line)) });
  return { logger, told: (msg: string) => lines.filter((line) => line.msg === msg) };
}

it('writes one line for each connection that opens, and one with the cause when it ends', async () => {
  const { logger, told } = createLog();
  await using server = await startWholeServer({ MAX_QUEUE_BYTES: '65536', MAX_MESSAGE_BYTES: '65536' }, logger);
  const connect = async (user: string) => {
    const client = await connectRaw({ url: server.socketUrl });
    const { connectionId } = await client.hello({ token: await server.tokenFor(user) });
    return { client, connectionId };
  };
  const expected: { connectionId: string; code: number; cause: string }[] = [];

  const left = await connect('ann');
  await left.client.close();
  expected.push({ connectionId: left.connectionId, code: 1000, cause: 'peer_closed' });

  const lost = await connect('ann');
  lost.client.terminate();
  expected.push({ connectionId: lost.connectionId, code: 1006, cause: 'connection_lost' });

  const banned = await connect('bob');
  await server.hub.disconnect('bob');
  await banned.client.closed;
  expected.push({ connectionId: banned.connectionId, code: 4502, cause: 'disconnected' });

  const rude = await connect('ann');
  for (let n = 0; n < 20; n++) rude.client.sendText('{');
  await rude.client.closed;
  expected.push({ connectionId: rude.connectionId, code: 4501, cause: 'protocol_violation' });

  const slow = await connect('ann');
  await slow.client.join('lobby:hall');
  slow.client.socket.pause();
  const data = { text: 'x'.repeat(60_000) };
  await eventually(async () => {
    await server.hub.publish({ rooms: ['lobby:hall'], event: 'message', data });
    return told('connection closed').some(({ code }) => code === 4002);
  });
  expected.push({ connectionId: slow.connectionId, code: 4002, cause: 'slow_consumer' });

  const last = await connect('cid');
  await server.drain();
  expected.push({ connectionId: last.connectionId, code: 1012, cause: 'service_restart' });

  const byId = (a: Record<string, unknown>, b: Record<string, unknown>) =>
    String(a.connectionId) < String(b.connectionId) ? -1 : 1;
  await eventually(() => told('connection closed').length === expected.length);
  expect(told('connection closed').sort(byId)).toMatchObject(expected.sort(byId));
  expect(told('connection opened').sort(byId)).toMatchObject(
    expected.map(({ connectionId }) => ({ connectionId, dialect: 'trunkline.v1', userId: expect.any(String) })),
  );
});

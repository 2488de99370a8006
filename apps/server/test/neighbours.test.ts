import { stat } from 'node:fs/promises';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { eventually } from '@trunkline/testkit';
import { expect, it } from 'vitest';
import { createPrivateDirectory } from '../src/cluster/private-directory.js';
import { nameSession, workerOfSession } from '../src/cluster/session-name.js';
import { ask, send, startTwo, UPGRADE } from './start-neighbours.js';
import { temporaryDirectory } from './temporary-directory.js';

const ORIGIN = 'x-trunkline-origin';

it('makes a directory that nobody else may enter, in the first place that can be written', async () => {
  await using place = await temporaryDirectory();
  const directory = createPrivateDirectory([join(place.path, 'nowhere'), place.path]);
  expect(directory).toMatch(/\/trunkline-\w{6}$/);
  expect((await stat(directory ?? '')).mode & 0o777).toBe(0o700);
  expect(createPrivateDirectory([join(place.path, 'nowhere')])).toBeNull();
});

it('names sessions so that every worker can tell whose they are', () => {
  expect(workerOfSession(nameSession('12'))).toBe('12');
  expect(nameSession('1')).not.toBe(nameSession('1'));
  for (const name of [null, '', 'x', '12', '0.x', '-1.x', '01.x', '1e3.x', '../2.x', ' 2.x', '9999999999.x'])
    expect(workerOfSession(name)).toBeNull();
});

it('has each request of one connection answered by the worker of its session', async () => {
  await using workers = await startTwo();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const body = 'x'.repeat(3_000_000);
  for (const sid of ['1.a', '2.a', 'nobody', '2.b', '1.b']) {
    const answer = await ask(workers.one.port, sid, { agent, body });
    expect(answer.text).toBe(`${sid.startsWith('2') ? 2 : 1} ${'.'.repeat(body.length)}`);
    expect(answer.headers).toMatchObject({ connection: 'keep-alive', 'set-cookie': ['a=1', 'b=2'] });
  }
  expect(workers.two.asked).toHaveLength(2);
  // A refusal that comes before the body has gone leaves the connection usable.
  for (let n = 0; n < 5; n++) {
    expect(await ask(workers.one.port, '2.a', { agent, body, path: '/early' })).toMatchObject({
      status: 413,
      text: '2',
    });
    expect((await ask(workers.one.port, '1.a', { agent })).text).toBe('1 ');
  }
  agent.destroy();
});

it('tells the other worker the client as it is, and believes no client about it', async () => {
  await using workers = await startTwo();
  const { one, two } = workers;
  const forged = { [ORIGIN]: '1 6.6.6.6', 'X-Trunkline-Origin': '1 6.6.6.6', 'X-Forwarded-For': '9.9.9.9' };
  await ask(one.port, '2.a', { headers: forged });
  await ask(one.port, '2.b', { headers: forged, localAddress: '127.0.0.2' });
  await ask(one.port, '1.c', { headers: forged });
  await send(one.port, `GET /s?sid=2.d HTTP/1.1\r\nX-TRUNKLINE-origin: 1 6.6.6.6\r\n${UPGRADE}`);
  await eventually(() => two.asked.length === 3);
  expect([...two.asked, ...one.asked].map(({ head }) => [head.address, head.port])).toEqual([
    ['127.0.0.1', one.port],
    ['9.9.9.9', one.port],
    ['127.0.0.1', one.port],
    ['127.0.0.1', one.port],
  ]);
  for (const { head } of two.asked) expect(head.headers).not.toHaveProperty(ORIGIN);
});

it('carries no second request inside the body of a first', async () => {
  await using workers = await startTwo();
  const { one, two } = workers;
  const inner = `GET /s?sid=2.inner HTTP/1.1\r\nHost: x\r\n${ORIGIN}: 1 6.6.6.6\r\n\r\n`;
  const chunked = `${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n`;
  for (const [method, bytes] of [
    ['GET', 0],
    ['POST', inner.length],
  ] as const) {
    for (const rest of [
      `Content-Length: ${inner.length}\r\n\r\n${inner}`,
      `Transfer-Encoding: chunked\r\n\r\n${chunked}`,
    ]) {
      const { came, socket } = await send(one.port, `${method} /s?sid=2.outer HTTP/1.1\r\nHost: x\r\n${rest}`);
      await eventually(() => came.text.includes('HTTP/1.1 200'));
      expect(two.asked.at(-1)?.bytes).toBe(bytes);
      socket.destroy();
    }
  }
  // Node 20 forgets what comes after a thousand headers; later ones refuse such a head.
  const [host, connection, ...rest] = UPGRADE.trimEnd().split('\r\n');
  const head = [host, ...rest, ...Array.from({ length: 1_100 }, () => 'a:b'), connection].join('\r\n');
  const { came } = await send(one.port, `GET /s?sid=2.outer HTTP/1.1\r\n${head}\r\n\r\n${inner}`);
  await eventually(() => came.text.endsWith(`2 ${inner}`) || came.text.startsWith('HTTP/1.1 431'));
  expect(two.asked.at(-1)?.head.address).toBe('127.0.0.1');
  expect(new Set(two.asked.map(({ head }) => head.query.get('sid')))).toEqual(new Set(['2.outer']));
});

it('takes a head of any bytes and as large as Node allows', async () => {
  await using workers = await startTwo();
  const { one, two } = workers;
  const large = 'x'.repeat(15_900);
  for (const head of [`X-Odd: \x80\xff\t~`, `X-Large: ${large}`]) {
    const before = two.asked.length;
    const { came } = await send(one.port, `GET /s?sid=2.a&odd=%ff~'"<> HTTP/1.1\r\nHost: x\r\n${head}\r\n\r\n`);
    await eventually(() => came.text.startsWith('HTTP/1.1 200'));
    await send(one.port, `GET /s?sid=2.a HTTP/1.1\r\n${head}\r\n${UPGRADE}`);
    await eventually(() => two.asked.length === before + 2);
  }
});

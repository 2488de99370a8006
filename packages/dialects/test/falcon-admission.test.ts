import { expect, test } from 'vitest';
import { falconDialect } from '../src/falcon/index.js';
import { connectBearer, next, open, refusal } from './support/clients.js';
import { join, ORIGIN, PATH, start } from './support/start-falcon.js';
import { startHub } from './support/start-hub.js';

test('takes the cookie from allowed origins only', async () => {
  await using served = await start();
  const token = await served.token('alice');
  const headers = { Cookie: `other=1; falcon_auth_token=${token}`, Origin: ORIGIN };
  await using alice = await open(served, PATH, { headers });
  await next(alice, 'room_joined');
  for (const Origin of [`${ORIGIN}.evil.io`, 'http://app.example.com', 'null']) {
    expect(await refusal(served, PATH, { ...headers, Origin })).toMatchObject({ status: 403 });
  }
  expect(await refusal(served, PATH, { Cookie: headers.Cookie })).toMatchObject({ status: 401 });
  expect(await refusal(served, PATH)).toMatchObject({ status: 401 });
});

test('says when another try may do to a user with too many connections', async () => {
  await using served = await startHub([falconDialect()], { limits: { connectionsPerUser: 1 } });
  await using _first = await join(served, 'alice');
  await expect(connectBearer(served, PATH, await served.token('alice'))).rejects.toMatchObject({
    status: 429,
    headers: { 'retry-after': '5' },
  });
});

test('another method than GET is 405', async () => {
  await using served = await start();
  const response = await fetch(`http://127.0.0.1:${served.port}${PATH}`, { method: 'POST' });
  expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET']);
});

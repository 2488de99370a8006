import { defineContract, durable } from '@trunkline/protocol/contract';
import { connectRaw } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { rewindStart } from '../../src/hub/resume.js';
import type { LoggedEvent } from '../../src/seams/broker.js';
import { connect, startHub } from './start-hub.js';

describe('resume', () => {
  test('gives every missed event once, in order, before live ones', async () => {
    await using hub = await startHub();
    await using ann = await connect(hub, 'ann');
    const bob = await connect(hub, 'bob');
    const { position } = await bob.join('lobby:main');
    await bob.close();
    for (let n = 1; n <= 500; n++) await ann.publish('lobby:main', 'message', { text: `${n}` });
    await using again = await connectRaw({ url: hub.url });
    const { id } = await again.hello({ token: await hub.token('bob'), rooms: [{ room: 'lobby:main', position }] });
    expect(await again.nextOf('joined')).toMatchObject({ id, recovered: true, missed: 500, position });
    for (let offset = 1; offset <= 500; offset++)
      expect(await again.nextOf('event')).toMatchObject({ offset, data: { text: `${offset}` } });
    await ann.publish('lobby:main', 'message', { text: 'live' });
    expect(await again.nextOf('event')).toMatchObject({ offset: 501 });
  });

  test('says why when it can not', async () => {
    await using hub = await startHub({ limits: { historySize: 5 } });
    await using ann = await connect(hub, 'ann');
    const { position } = await ann.join('lobby:main');
    for (let n = 1; n <= 7; n++) await ann.publish('lobby:main', 'message', { text: `${n}` });
    await using bob = await connect(hub, 'bob');
    expect(await bob.join('lobby:main', { position })).toMatchObject({
      recovered: false,
      reason: 'trimmed',
      missed: 0,
      position: { offset: 7 },
    });
    expect(await bob.join('lobby:main', { position: { ...position, epoch: 'other' } })).toMatchObject({
      recovered: false,
      reason: 'epoch_changed',
    });
    expect(await bob.join('lobby:main', { position: { ...position, offset: 99, lastId: 'x' } })).toMatchObject({
      recovered: false,
      reason: 'rewound',
    });
    expect(await bob.join('lobby:main', { position: { ...position, offset: 6, lastId: 'x' } })).toMatchObject({
      recovered: false,
      reason: 'rewound',
    });
    expect(await bob.join('lobby:main', { rewind: 2 })).toMatchObject({
      recovered: false,
      missed: 2,
      position: { offset: 5 },
    });
    expect(await bob.nextOf('event')).toMatchObject({ offset: 6 });
    expect(await bob.nextOf('event')).toMatchObject({ offset: 7 });
  });

  test('a purged room tells its members a gap', async () => {
    await using hub = await startHub();
    await using ann = await connect(hub, 'ann');
    await ann.join('lobby:main');
    await ann.publish('lobby:main', 'message', { text: '1' });
    await hub.hub.purge('lobby:main');
    expect(await ann.nextOf('gap')).toMatchObject({ reason: 'purged', from: { offset: 1 }, position: { offset: 0 } });
    expect(await ann.publish('lobby:main', 'message', { text: '2' })).toMatchObject({ offset: 1 });
  });
});

test('a rewind reaches as far back as its kind keeps events', async () => {
  const contract = defineContract({
    rooms: { log: { join: ['user'], historySize: 30, events: { line: durable(z.looseObject({})) } } },
  });
  await using hub = await startHub({ contract, limits: { historySize: 10 } });
  await using ann = await connect(hub, 'ann');
  await ann.join('log:a');
  for (let n = 0; n < 25; n++) await ann.publish('log:a', 'line', { n });
  await using bob = await connect(hub, 'bob');
  expect(await bob.join('log:a', { rewind: 20 })).toMatchObject({ missed: 20, position: { offset: 5 } });
});

test('a rewind that is bounded by bytes begins after the oldest event that was read', () => {
  const entries = [7, 8, 9].map((offset) => ({ id: `e${offset}`, offset }) as LoggedEvent);
  const page = {
    entries,
    head: { epoch: 'e', offset: 9, lastId: 'e9' },
    trimmed: { offset: 2, id: 'e2' },
    born: { offset: 0, id: '' },
  };
  expect(rewindStart(page, 5)).toEqual({ epoch: 'e', offset: 7, lastId: 'e7' });
  expect(rewindStart({ ...page, trimmed: { offset: 6, id: 'e6' } }, 5)).toMatchObject({ offset: 6, lastId: 'e6' });
});

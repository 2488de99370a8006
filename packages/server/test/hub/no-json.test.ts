import { defineContract, durable } from '@trunkline/protocol/contract';
import { connectRaw } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { startHub } from './start-hub.js';

const anything = z.looseObject({});
const broken = z.looseObject({
  x: z.string().refine(() => {
    throw new Error('a defect of the contract');
  }),
});
const contract = defineContract({
  rooms: {
    lobby: { join: ['user'], events: { message: durable(anything), unchecked: durable(broken) } },
  },
  actions: { count: { input: anything } },
  calls: { confirm: { input: anything } },
});

const circular: Record<string, unknown> = {};
circular.self = circular;
const deep = JSON.parse(`${'{"a":'.repeat(70)}1${'}'.repeat(70)}`);

async function start() {
  const node = await startHub({ contract });
  const ann = await connectRaw({ url: node.url });
  const { connectionId } = await ann.hello({ token: await node.token('ann') });
  await ann.join('lobby:main');
  return {
    ...{ node, ann, connectionId },
    async [Symbol.asyncDispose]() {
      await ann.close();
      await node[Symbol.asyncDispose]();
    },
  };
}

describe('what a service gives that JSON can not carry', () => {
  test.each([
    ['a BigInt', { n: 1n }, 'invalid_data'],
    ['a circle', circular, 'invalid_data'],
    ['a number that is none', { n: Number.NaN }, 'invalid_data'],
    ['nothing', undefined, 'invalid_data'],
    ['what is nested too deep', deep, 'invalid_data'],
    ['what is too large for a client', { text: 'x'.repeat(1_048_577) }, 'too_large'],
  ])('%s is refused, and does not get into the log', async (_, data, code) => {
    await using it = await start();
    const { hub } = it.node;
    const publication = { rooms: ['lobby:main'], event: 'message', data: data as Record<string, unknown> } as const;
    await expect(hub.publish(publication)).rejects.toMatchObject({ name: 'TrunklineError', code });
    await hub.publish({ ...publication, data: { text: 'next' } });
    expect(await it.ann.nextOf('event')).toMatchObject({ offset: 1, data: { text: 'next' } });
  });

  test('the log holds what was published, whatever becomes of the object', async () => {
    await using it = await start();
    const { hub } = it.node;
    const data = { at: new Date(0), text: 'before' };
    await hub.publish({ rooms: ['lobby:main'], event: 'message', data });
    data.text = 'after';
    const { entries } = await hub.history('lobby:main', { limit: 1 });
    expect(entries[0]?.data).toEqual({ at: '1970-01-01T00:00:00.000Z', text: 'before' });
  });

  test('a call and a broadcast of it are refused', async () => {
    await using it = await start();
    const { hub } = it.node;
    await expect(hub.call(it, 'confirm', { n: 1n })).rejects.toMatchObject({
      code: 'invalid_data',
    });
    await expect(hub.broadcast('message', circular)).rejects.toMatchObject({ code: 'invalid_data' });
  });

  test.each([
    ['a BigInt', { n: 1n }],
    ['a circle', circular],
  ])('%s from a handler ends its request alone', async (_, result) => {
    await using it = await start();
    let runs = 0;
    it.node.hub.handle('count', () => {
      runs++;
      return result;
    });
    it.ann.send({ type: 'request', id: 'q1', action: 'count', data: {} });
    const ended = { id: 'q1', code: 'internal', retryable: false };
    expect(await it.ann.nextOf('error')).toMatchObject(ended);
    // That is what became of it, for who asks again.
    it.ann.send({ type: 'request', id: 'q1', action: 'count', data: {} });
    expect(await it.ann.nextOf('error')).toMatchObject(ended);
    expect(runs).toBe(1);
    expect(await it.ann.publish('lobby:main', 'message', {})).toMatchObject({ offset: 1 });
  });
});

test('a check of the contract that throws refuses what it can not check, and holds up nothing', async () => {
  await using it = await start();
  it.ann.send({ type: 'publish', id: 'p1', room: 'lobby:main', event: 'unchecked', data: { x: 'a' } });
  expect(await it.ann.nextOf('error')).toMatchObject({ id: 'p1', code: 'internal', retryable: false });
  expect(await it.ann.publish('lobby:main', 'message', {})).toMatchObject({ offset: 1 });
});

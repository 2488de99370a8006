import { defineContract } from '@trunkline/protocol/contract';
import { connectRaw } from '@trunkline/testkit';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { startHub } from './start-hub.js';

const contract = defineContract({
  rooms: {},
  calls: {
    pick: { input: z.looseObject({ of: z.array(z.string()) }), output: z.string() },
    broken: {
      input: z.looseObject({}),
      output: z.unknown().refine(() => {
        throw new RangeError('a refinement of the application that fails');
      }),
    },
  },
});

async function startAsked() {
  const server = await startHub({ contract });
  const ann = await connectRaw({ url: server.url });
  const { connectionId } = await ann.hello({ token: await server.token('ann') });
  return {
    ...{ ann, hub: server.hub, to: { connectionId } },
    async [Symbol.asyncDispose]() {
      await ann[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

test('a call is checked by the contract on its way there, and its result on the way back', async () => {
  await using asked = await startAsked();
  const { ann, hub, to } = asked;
  await expect(hub.call(to, 'pick', { of: 'a' as never })).rejects.toMatchObject({ code: 'invalid_data' });
  for (const [data, outcome] of [
    [7, { status: 'rejected', reason: { code: 'invalid_data' } }],
    ['a', { status: 'fulfilled', value: 'a' }],
  ] as const) {
    const call = Promise.allSettled([hub.call(to, 'pick', { of: ['a', 'b'] })]);
    const { id } = await ann.nextOf('call');
    ann.send({ type: 'result', id: `r-${id}`, of: id, data });
    expect(await call).toMatchObject([outcome]);
  }
});

test('a call settles even when the check of its result throws', async () => {
  await using asked = await startAsked();
  const call = expect(asked.hub.call(asked.to, 'broken', {})).rejects.toThrow();
  const { id } = await asked.ann.nextOf('call');
  asked.ann.send({ type: 'result', id: 'r1', of: id, data: 1 });
  await call;
});

import { connectRaw, eventually, startRedis } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { freshPrefix, startNode } from './start-nodes.js';

/** One who is connected to another node than the one that asks. */
async function startAsked() {
  const redis = await startRedis();
  const prefix = freshPrefix();
  const [asking, holding] = [await startNode({ url: redis.url, prefix }), await startNode({ url: redis.url, prefix })];
  const ann = await connectRaw({ url: holding.url });
  const { connectionId } = await ann.hello({ token: await holding.token('ann') });
  return {
    ...{ ann, asking, holding, redis, to: { connectionId } },
    async [Symbol.asyncDispose]() {
      await ann[Symbol.asyncDispose]();
      for (const node of [asking, holding]) await node[Symbol.asyncDispose]();
      await redis[Symbol.asyncDispose]();
    },
  };
}

describe.concurrent('a call to a client of another node', () => {
  test('is answered', async () => {
    await using nodes = await startAsked();
    const { ann, asking, to } = nodes;
    const asked = asking.hub.call(to, 'client_tool_call', { tool: 'map' });
    const { id } = await ann.nextOf('call');
    ann.send({ type: 'result', id: 'r1', of: id, data: { ok: true } });
    expect(await asked).toEqual({ ok: true });
  });

  test('that the client was told of, and whose answer is lost, may have acted', async () => {
    await using nodes = await startAsked();
    const { ann, asking, redis, to } = nodes;
    const asked = asking.hub.call(to, 'client_tool_call', { tool: 'map' }, { timeoutMs: 500 });
    const failed = expect(asked).rejects.toMatchObject({ code: 'unknown_outcome' });
    const { id } = await ann.nextOf('call');
    await redis.kill();
    await eventually(() => asking.hub.status().state === 'degraded');
    ann.send({ type: 'result', id: 'r1', of: id, data: { ok: true } });
    await failed;
  });

  test('that there is not is not found', async () => {
    await using nodes = await startAsked();
    const { asking, holding } = nodes;
    const to = { connectionId: `${holding.hub.status().nodeId}.nobody` };
    await expect(asking.hub.call(to, 'client_tool_call', {})).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe.concurrent.each(['asking', 'holding'] as const)('a call made by the node %s', (name) => {
  test('ends at the client when its caller gives up', async () => {
    await using nodes = await startAsked();
    const giveUp = new AbortController();
    const asked = nodes[name].hub.call(nodes.to, 'client_tool_call', { tool: 'map' }, { signal: giveUp.signal });
    const failed = expect(asked).rejects.toMatchObject({ code: 'cancelled' });
    const { id } = await nodes.ann.nextOf('call');
    giveUp.abort();
    await failed;
    expect(await nodes.ann.nextOf('cancel')).toMatchObject({ of: id });
  });

  test('is not made once its caller has given up', async () => {
    await using nodes = await startAsked();
    const { hub } = nodes[name];
    const late = hub.call(nodes.to, 'client_tool_call', { tool: 'late' }, { signal: AbortSignal.abort() });
    await expect(late).rejects.toMatchObject({ code: 'cancelled' });
    const asked = hub.call(nodes.to, 'client_tool_call', { tool: 'map' });
    const { id, data } = await nodes.ann.nextOf('call');
    expect(data).toEqual({ tool: 'map' });
    nodes.ann.send({ type: 'result', id: 'r1', of: id, data: null });
    expect(await asked).toBeNull();
  });
});

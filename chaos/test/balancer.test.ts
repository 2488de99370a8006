import { connectRaw } from '@trunkline/testkit';
import { expect, it } from 'vitest';
import { findHaproxy, startBalancer } from '../src/balancer.js';
import { startTopology } from '../src/topology.js';

it.skipIf(findHaproxy() === undefined)(
  'behind HAProxy, as deploy/ sets it up, a node that drains costs nobody a try',
  { timeout: 60_000 },
  async () => {
    await using topology = await startTopology({ nodes: 2, env: { DRAIN_WINDOW_MS: '3000' } });
    await using balancer = await startBalancer(topology.nodes.map(({ port }) => port));
    const url = `ws://127.0.0.1:${balancer.port}/v1/connect`;
    // The drain takes as long as its members are sent away in.
    const members = await Promise.all(Array.from({ length: 10 }, () => connectRaw({ url })));
    for (const [n, member] of members.entries()) await member.hello({ token: await topology.token(`member-${n}`) });
    const leaving = { isOver: false };
    const exit = topology.nodes[0]?.drain().finally(() => {
      leaving.isOver = true;
    });
    let tries = 0;
    while (!leaving.isOver) {
      await using _comer = await connectRaw({ url });
      tries += 1;
    }
    expect(await exit).toBe(0);
    expect(tries).toBeGreaterThan(50);
    for (const member of members) await member[Symbol.asyncDispose]();
  },
);

import { connectRaw } from '@trunkline/testkit';
import { describe, expect, it } from 'vitest';
import { createMemoryDirectory, type Directory } from '../../src/index.js';
import { startHub } from './start-hub.js';

const OWNS = { object: 'booking:42', relation: 'owner', user: 'ann' };
const AGENT = { object: 'support:7', relation: 'agent', user: 'ann' };

/** A directory whose next answer is on its way until it is let go: what it says may be over by then. */
function slowDirectory() {
  const directory = createMemoryDirectory();
  let reached: (() => void) | undefined;
  let arrive = () => {};
  const slow: Directory = {
    ...directory,
    async check(relation) {
      const answer = await directory.check(relation);
      if (reached === undefined) return answer;
      const travels = new Promise<void>((resolve) => {
        arrive = resolve;
      });
      reached();
      reached = undefined;
      await travels;
      return answer;
    },
  };
  /** Resolves when an answer is on its way. */
  const asked = () => new Promise<void>((resolve) => (reached = resolve));
  return { slow, asked, arrive: () => arrive() };
}

async function start() {
  const { slow, ...answer } = slowDirectory();
  const node = await startHub({ directory: slow });
  for (const relation of [OWNS, AGENT]) await node.hub.directory.change({ ...relation, present: true });
  const ann = await connectRaw({ url: node.url });
  await ann.hello({ token: await node.token('ann') });
  return {
    ...{ ann, answer, node },
    async [Symbol.asyncDispose]() {
      await ann.close();
      await node[Symbol.asyncDispose]();
    },
  };
}

describe.concurrent('a right that goes while the directory’s answer is on its way', () => {
  it('lets nobody into the room', async () => {
    await using started = await start();
    const { ann, answer, node } = started;
    const asked = answer.asked();
    const refused = expect(ann.join(OWNS.object)).rejects.toMatchObject({ code: 'forbidden' });
    await asked;
    await node.hub.directory.change({ ...OWNS, present: false });
    answer.arrive();
    await refused;
    await node.hub.publish({ rooms: ['booking:42'], event: 'status_update', data: { bookingId: '42', status: 'x' } });
    await ann.join(AGENT.object);
    expect(ann.seen.map(({ type }) => type)).not.toContain('event');
  });

  it('lets nobody publish, then or later', async () => {
    await using started = await start();
    const { ann, answer, node } = started;
    const message = { ticketId: '7', senderId: 'ann', message: { id: 'm', message: 'x', createdAt: 'now' } };
    const publish = () => ann.publish(AGENT.object, 'message', message);
    const asked = answer.asked();
    const refused = expect(publish()).rejects.toMatchObject({ code: 'forbidden' });
    await asked;
    await node.hub.directory.change({ ...AGENT, present: false });
    answer.arrive();
    await refused;
    await expect(publish()).rejects.toMatchObject({ code: 'forbidden' });
  });
});

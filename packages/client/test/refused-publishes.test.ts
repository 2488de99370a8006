import { eventually } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { at } from './support/log-events.js';
import { settle } from './support/observe-client.js';
import { openClient, QUICK } from './support/open-client.js';
import { startScript } from './support/scripted-server.js';
import { startServer } from './support/start-server.js';

describe('a refused publish', () => {
  test('a retryable refusal holds what follows in its room, and all go again in order', async () => {
    await using script = await startScript();
    await using client = openClient({ url: script.url });
    const opening = client.connect();
    const peer = await script.connection();
    await peer.welcome();
    await opening;
    const room = client.room('lobby', 'main');
    const acks = ['1', '2', '3'].map((text) => room.publish('message', { text }));
    const [first, second, third] = [await peer.next('publish'), await peer.next('publish'), await peer.next('publish')];
    peer.send({ type: 'error', id: first.id, code: 'unavailable', message: '', retryable: true, retryAfterMs: 20 });
    peer.send({ type: 'error', id: second.id, code: 'out_of_order', message: '', retryable: true });
    // A frame behind the refusals shows that they were read.
    const asked = client.request('echo', {});
    const request = await peer.next('request');
    peer.send({ type: 'response', id: request.id, data: {} });
    await asked;
    acks.push(room.publish('message', { text: '4' }));
    const other = client.room('lobby', 'other').publish('message', { text: 'other' });
    const elsewhere = await peer.next('publish');
    expect(elsewhere.room).toBe('lobby:other');
    peer.send({ type: 'ack', id: elsewhere.id, eventId: 'o', epoch: 'e1', offset: 1 });
    await other;
    peer.send({ type: 'error', id: third.id, code: 'out_of_order', message: '', retryable: true });
    const again: string[] = [];
    for (let n = 1; n <= 4; n++) {
      const { id, data } = await peer.next('publish');
      again.push(`${(data as { text: string }).text} ${[first.id, second.id, third.id].indexOf(id)}`);
      peer.send({ type: 'ack', id, eventId: `ev-${n}`, epoch: 'e1', offset: n });
    }
    await Promise.all(acks);
    expect(again).toEqual(['1 0', '2 1', '3 2', '4 -1']);
  });

  test('a refused publish that is given up is skipped, so that the next ones may go', async () => {
    await using script = await startScript();
    await using client = openClient({ url: script.url });
    const controller = new AbortController();
    const room = client.room('lobby', 'main');
    const given = settle(room.publish('message', { text: '1' }, { signal: controller.signal }));
    const peer = await script.connection();
    await peer.welcome();
    const { id } = await peer.next('publish');
    peer.send({ type: 'error', id, code: 'unavailable', message: '', retryable: true, retryAfterMs: 60_000 });
    await eventually(() => client.queue.status.length === 1);
    // A frame behind the refusal shows that it was read.
    const asked = client.request('echo', {});
    const request = await peer.next('request');
    peer.send({ type: 'response', id: request.id, data: {} });
    await asked;
    controller.abort();
    expect(await given).toBe('cancelled');
    expect(await peer.next('skip')).toMatchObject({ room: 'lobby:main', of: id });
  });

  test('a publish that is refused after it was given up is skipped, too', async () => {
    await using script = await startScript();
    await using client = openClient({ url: script.url });
    const controller = new AbortController();
    const room = client.room('lobby', 'main');
    const given = settle(room.publish('message', { text: '1' }, { signal: controller.signal }));
    const peer = await script.connection();
    await peer.welcome();
    const { id } = await peer.next('publish');
    controller.abort();
    expect(await given).toBe('unknown_outcome');
    peer.send({ type: 'error', id, code: 'unavailable', message: '', retryable: true });
    expect(await peer.next('skip')).toMatchObject({ room: 'lobby:main', of: id });
  });

  test('an item that was sent is not sent again once its room has another epoch: unknown_outcome', async () => {
    await using script = await startScript();
    await using client = openClient({ ...QUICK, url: script.url });
    const room = client.room('lobby', 'main');
    void room.join();
    const first = await script.connection();
    await first.welcome();
    first.joined('lobby:main', at(4));
    await eventually(() => room.status === 'joined');
    const sent = settle(room.publish('message', { text: 'sent' }));
    await first.next('publish');
    first.terminate();
    await eventually(() => client.state.status !== 'open');
    const unsent = room.publish('message', { text: 'unsent' });
    const second = await script.connection();
    await second.welcome();
    second.joined('lobby:main', { epoch: 'e2', offset: 0, lastId: '' }, { reason: 'epoch_changed' });
    const { id, data } = await second.next('publish');
    expect([await sent, data]).toEqual(['unknown_outcome', { text: 'unsent' }]);
    second.send({ type: 'ack', id, eventId: 'ev-1', epoch: 'e2', offset: 1 });
    await unsent;
    expect(second.seen.filter(({ type }) => type === 'publish')).toHaveLength(1);
  });

  test('an item that was sent is not sent again when the server may have forgotten it: unknown_outcome', async () => {
    await using script = await startScript();
    await using client = openClient({ ...QUICK, url: script.url });
    const limits = {
      maxMessageBytes: 1_048_576,
      maxRooms: 200,
      maxUnacked: 1_000,
      messagesPerSecond: 200,
      burst: 500,
      dedupeWindowMs: 1,
      reconnectSpreadMs: 30,
    };
    const sent = settle(client.room('lobby', 'main').publish('message', { text: 'sent' }));
    const first = await script.connection();
    await first.welcome({ limits });
    await first.next('publish');
    first.terminate();
    const second = await script.connection();
    await second.welcome({ limits });
    expect(await sent).toBe('unknown_outcome');
  });

  test('a burst is paced below the server’s rate (socket.io #2412)', async () => {
    await using server = await startServer({ limits: { messagesPerSecond: 400, messageBurst: 20 } });
    await using client = openClient({ url: server.url, token: () => server.token('ann') });
    const errors: unknown[] = [];
    client.on('error', (error) => errors.push(error));
    const acks = await Promise.all(
      Array.from({ length: 120 }, (_, n) => client.room('lobby', 'main').publish('message', { text: `${n}` })),
    );
    expect(acks.map(({ offset }) => offset)).toEqual(Array.from({ length: 120 }, (_, n) => n + 1));
    expect([errors, client.explain().timeline.filter(({ what }) => what === 'error')]).toEqual([[], []]);
  });
});

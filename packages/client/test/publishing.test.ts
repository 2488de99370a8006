import { eventually } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { settle } from './support/observe-client.js';
import { openClient, QUICK } from './support/open-client.js';
import { LIMITS, startScript } from './support/scripted-server.js';
import { startServer } from './support/start-server.js';

describe('size', () => {
  test('what was made before the server told its limit and does not fit is refused, and holds nothing', async () => {
    await using script = await startScript();
    await using client = openClient({ ...QUICK, url: script.url });
    const room = client.room('lobby', 'main');
    const large = 'x'.repeat(30_000);
    const refused = [room.publish('message', { text: large }), client.request('echo', { large })].map(settle);
    const small = room.publish('message', { text: 'small' });
    const peer = await script.connection();
    await peer.welcome({ limits: { ...LIMITS, maxMessageBytes: 20_000 } });
    const { id, data } = await peer.next('publish');
    peer.send({ type: 'ack', id, eventId: 'ev-1', epoch: 'e1', offset: 1 });
    await small;
    expect([data, await Promise.all(refused)]).toEqual([{ text: 'small' }, ['too_large', 'too_large']]);
  });

  test('what was sent and does not fit a lower limit any more is not sent again: unknown_outcome', async () => {
    await using script = await startScript();
    await using client = openClient({ ...QUICK, url: script.url });
    const sent = settle(client.room('lobby', 'main').publish('message', { text: 'x'.repeat(30_000) }));
    const first = await script.connection();
    await first.welcome();
    await first.next('publish');
    first.terminate();
    const second = await script.connection();
    await second.welcome({ limits: { ...LIMITS, maxMessageBytes: 20_000 } });
    expect(await sent).toBe('unknown_outcome');
  });
});

test('an event or a call under the id of what waits for its answer is not that answer', async () => {
  await using script = await startScript();
  await using client = openClient({ ...QUICK, url: script.url });
  const room = client.room('lobby', 'main');
  const heard: unknown[] = [];
  room.on('message', ({ id }) => heard.push(id));
  client.handle('client_tool_call', () => heard.push('called'));
  const joined = room.join();
  const peer = await script.connection();
  await peer.welcome();
  peer.joined('lobby:main', { epoch: 'e1', offset: 0, lastId: '' });
  await joined;
  const published = room.publish('message', { text: 'mine' }, { id: 'x1' });
  const { id } = await peer.next('publish');
  const from = { service: 'other' };
  const event = { room: 'lobby:main', event: 'message', from, data: { text: 'another' }, timestamp: 0 };
  peer.send({ type: 'event', id, ...event, epoch: 'e1', offset: 1 });
  peer.send({ type: 'call', id, method: 'client_tool_call', data: null });
  peer.send({ type: 'ack', id, eventId: 'ev-2', epoch: 'e1', offset: 2 });
  expect(await published).toMatchObject({ id: 'ev-2', offset: 2 });
  expect(heard).toEqual(['x1', 'called']);
});

describe('data', () => {
  test('is what it was at the call, whatever the application does to it later', async () => {
    await using script = await startScript();
    await using client = openClient({ ...QUICK, url: script.url });
    const message = { text: 'first' };
    const published = client.room('lobby', 'main').publish('message', message);
    message.text = 'changed while queued';
    const first = await script.connection();
    await first.welcome();
    const sent = await first.next('publish');
    message.text = 'changed before the resend';
    first.terminate();
    const second = await script.connection();
    await second.welcome();
    const again = await second.next('publish');
    second.send({ type: 'ack', id: again.id, eventId: 'ev-1', epoch: 'e1', offset: 1 });
    await published;
    expect([sent.data, again]).toEqual([{ text: 'first' }, sent]);
  });

  test('that is no JSON is invalid_data', async () => {
    await using script = await startScript();
    await using client = openClient({ url: script.url });
    const circle: { me?: unknown } = {};
    circle.me = circle;
    const room = client.room('lobby', 'main');
    const codes = [room.publish('message', { n: 10n } as never), client.request('echo', circle)].map(settle);
    expect([await Promise.all(codes), client.queue.status.length]).toEqual([['invalid_data', 'invalid_data'], 0]);
  });
});

describe('ids', () => {
  test('one that is under way: the same message attaches to it, another one is id_conflict at once', async () => {
    await using script = await startScript();
    await using client = openClient({ url: script.url });
    const room = client.room('lobby', 'main');
    const publish = (text: string) => settle(room.publish('message', { text }, { id: 'order-42' }));
    const [first, same, other] = [publish('a'), publish('a'), publish('b')];
    expect(await other).toBe('id_conflict');
    const peer = await script.connection();
    await peer.welcome();
    const { id } = await peer.next('publish');
    peer.send({ type: 'ack', id, eventId: 'ev-1', epoch: 'e1', offset: 1 });
    expect([await first, await same, id]).toMatchObject([{ id: 'ev-1' }, { id: 'ev-1' }, 'order-42']);
    expect([peer.seen.filter(({ type }) => type === 'publish').length, client.queue.status.length]).toEqual([1, 0]);
  });

  test.each(['', 'has space', 'é', 'x'.repeat(129), 42, {}])('%j is none: invalid_frame at once', async (id) => {
    await using script = await startScript();
    await using client = openClient({ url: script.url });
    const published = client.room('lobby', 'main').publish('message', { text: 'x' }, { id: id as string });
    expect(await settle(published)).toBe('invalid_frame');
  });
});

describe('several rooms', () => {
  test('that are one name, as untyped code gives it, are that room, and the queue goes on', async () => {
    await using server = await startServer();
    await using client = openClient({ url: server.url, token: () => server.token('ann') });
    const room = client.room('lobby', 'main');
    const given = client.publish('lobby:main' as unknown as ['lobby:main'], 'message', { text: 'one' });
    const after = room.publish('message', { text: 'two' });
    expect(await Promise.all([given, after])).toMatchObject([{ offset: 1 }, { offset: 2 }]);
  });

  test.each(['acked', 'refused'])('one refused for now and the other %s, then given up', async (other) => {
    await using script = await startScript();
    await using client = openClient({ url: script.url });
    const controller = new AbortController();
    const rooms = ['lobby:a', 'lobby:b'] as const;
    const given = settle(client.publish(rooms, 'message', { text: 'x' }, { signal: controller.signal }));
    const peer = await script.connection();
    await peer.welcome();
    const { id } = await peer.next('publish');
    const error = { code: 'unavailable', message: '', retryable: true, retryAfterMs: 60_000 };
    peer.send({
      type: 'ack',
      id,
      eventId: 'ev-1',
      rooms: [
        { room: 'lobby:a', ...(other === 'acked' ? { epoch: 'e1', offset: 1 } : { error }) },
        { room: 'lobby:b', error },
      ],
    });
    // A frame behind the answer shows that it was read.
    const asked = client.request('echo', {});
    const request = await peer.next('request');
    peer.send({ type: 'response', id: request.id, data: {} });
    await asked;
    controller.abort();
    expect(await given).toBe(other === 'acked' ? 'unknown_outcome' : 'cancelled');
  });
});

describe('time', () => {
  test('a clock set back holds no publish that was refused for now', async () => {
    let setBackMs = 0;
    const clock = {
      now: () => Date.now() - setBackMs,
      setTimeout: (run: () => void, delayMs: number) => setTimeout(run, delayMs),
      clearTimeout,
    };
    await using script = await startScript();
    await using client = openClient({ url: script.url, clock: clock as never, random: () => 0 });
    const published = client.room('lobby', 'main').publish('message', { text: 'x' });
    const peer = await script.connection();
    await peer.welcome();
    const { id } = await peer.next('publish');
    peer.send({ type: 'error', id, code: 'unavailable', message: '', retryable: true, retryAfterMs: 50 });
    setBackMs = 300_000;
    await peer.next('publish');
    peer.send({ type: 'ack', id, eventId: 'ev-1', epoch: 'e1', offset: 1 });
    expect(await published).toMatchObject({ offset: 1 });
  });
});

test('a signal beyond the server’s rate is not sent, and says so', async () => {
  await using script = await startScript();
  await using client = openClient({ url: script.url });
  void settle(client.connect());
  const peer = await script.connection();
  await peer.welcome({ limits: { ...LIMITS, messagesPerSecond: 1, burst: 10 } });
  await eventually(() => client.state.status === 'open');
  const sent = Array.from({ length: 30 }, () => client.room('lobby', 'main').signal('typing', { isTyping: true }));
  expect(sent.filter(Boolean)).toHaveLength(8);
});

test('what one user published is not sent as another: it settles when the user changes', async () => {
  await using script = await startScript();
  await using client = openClient({ ...QUICK, url: script.url });
  void settle(client.connect());
  const first = await script.connection();
  await first.welcome({ userId: 'ann' });
  const room = client.room('lobby', 'main');
  await eventually(() => client.state.status === 'open');
  const sent = settle(room.publish('message', { text: 'sent' }));
  await first.next('publish');
  first.terminate();
  await eventually(() => client.state.status !== 'open');
  const unsent = settle(room.publish('message', { text: 'unsent' }));
  const second = await script.connection();
  await second.welcome({ userId: 'bob' });
  expect(await Promise.all([sent, unsent])).toEqual(['unknown_outcome', 'cancelled']);
  void settle(room.publish('message', { text: 'own' }));
  expect((await second.next('publish')).data).toEqual({ text: 'own' });
});

test('client.queue.on tells what is in it, and what no longer is', async () => {
  await using server = await startServer();
  await using client = openClient({ url: server.url, token: () => server.token('ann') });
  const told: number[] = [];
  const stop = client.queue.on(({ length }) => told.push(length));
  const room = client.room('lobby', 'main');
  await room.join();
  await room.publish('message', { text: 'one' });
  stop();
  await room.publish('message', { text: 'two' });
  expect(told).toEqual([1, 0]);
});

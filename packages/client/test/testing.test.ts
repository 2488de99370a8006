import { eventually, startFaultProxy, watchLeaks } from '@trunkline/testkit';
import { describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { type Recording, recordSession, replaySession } from '../src/testing/index.js';
import { openClient, type TestClient } from './support/open-client.js';
import { startServer, urlOf } from './support/start-server.js';

/** What an application does and sees: the same with a server and without. */
async function visit(client: TestClient, cut: () => void): Promise<readonly unknown[]> {
  const seen: unknown[] = [];
  let drops = 0;
  client.on('state', ({ status }) => {
    if (status === 'waiting') drops += 1;
  });
  const room = client.room('lobby', 'main');
  room.on('message', ({ data, offset, ref }) => seen.push({ text: data.text, offset, isOurs: ref !== undefined }));
  room.onGap((gap) => seen.push(gap));
  await room.join({ rewind: 1 });
  const first = await room.publish('message', { text: 'one' });
  seen.push({ offset: first.offset, duplicate: first.duplicate });
  seen.push(await client.request('echo', {}).catch(({ code }) => code));
  cut();
  await eventually(() => drops === 1);
  seen.push((await room.publish('message', { text: 'two' })).offset);
  await eventually(() => seen.length >= 6);
  return seen;
}

async function recorded(): Promise<{ readonly recording: Recording; readonly seen: readonly unknown[] }> {
  await using server = await startServer();
  await using proxy = await startFaultProxy({ targetPort: server.port });
  await server.hub.publish({ rooms: ['lobby:main'], event: 'message', data: { text: 'zero' } });
  const recorder = recordSession(WebSocket);
  const token = () => server.token('ann');
  await using client = openClient({ url: urlOf(proxy.port), token, WebSocket: recorder.WebSocket });
  const seen = await visit(client, () => proxy.rstAll());
  return { seen, recording: JSON.parse(JSON.stringify(recorder.recording())) };
}

describe('a recorded session', () => {
  test('is told again without its server, over the cut, to the letter', async () => {
    await using _leaks = watchLeaks();
    const { recording, seen } = await recorded();
    expect(seen).toEqual([
      { text: 'zero', offset: 1, isOurs: false },
      { text: 'one', offset: 2, isOurs: true },
      { offset: 2, duplicate: false },
      'unknown_action',
      { text: 'two', offset: 3, isOurs: true },
      3,
    ]);
    const replay = replaySession(recording);
    await using client = openClient({ url: 'ws://nowhere.invalid', WebSocket: replay.WebSocket });
    // The recording has the cut: nobody need make it again.
    expect(await visit(client, () => {})).toEqual(seen);
    expect(replay.pending()).toEqual([]);
  });

  test('holds no token and no session id', async () => {
    const { recording } = await recorded();
    const text = JSON.stringify(recording);
    expect(text).not.toContain('eyJ');
    expect(recording.connections.flatMap(({ frames }) => frames).filter(({ frame }) => 'token' in frame)).toEqual([]);
    const sessions = recording.connections.flatMap(({ frames }) => frames.flatMap(({ frame }) => frame.session ?? []));
    expect(sessions).toEqual(['recorded', 'recorded']);
  });
});

/** Records what `visit` does as ann, and has it done again without the server. */
async function visitTwice(
  visit: (
    client: TestClient,
    server: { cut(): void; say(text: string): Promise<unknown> } | undefined,
  ) => Promise<unknown>,
  token?: () => Promise<unknown>,
): Promise<readonly unknown[]> {
  await using server = await startServer();
  await using proxy = await startFaultProxy({ targetPort: server.port });
  const recorder = recordSession(WebSocket);
  await using client = openClient({
    url: urlOf(proxy.port),
    token: async () => {
      await token?.();
      return server.token('ann');
    },
    WebSocket: recorder.WebSocket,
  });
  const then = await visit(client, {
    cut: () => proxy.rstAll(),
    say: (text) => server.hub.publish({ rooms: ['lobby:main'], event: 'message', data: { text } }),
  });
  const replay = replaySession(JSON.parse(JSON.stringify(recorder.recording())));
  await using again = openClient({ url: 'ws://nowhere.invalid', WebSocket: replay.WebSocket });
  const now = await visit(again, undefined);
  expect(replay.pending()).toEqual([]);
  return [then, now];
}

describe('replaySession', () => {
  test('does not mind how much of its time a request had left when it went', async () => {
    const { recording } = await recorded();
    const late = JSON.stringify(recording).replace(/"timeoutMs":3[01]\d{3}/, '"timeoutMs":29321');
    expect(late).toContain('29321');
    const replay = replaySession(JSON.parse(late));
    await using client = openClient({ url: 'ws://nowhere.invalid', WebSocket: replay.WebSocket });
    await visit(client, () => {});
    expect(replay.pending()).toEqual([]);
  });

  test('is as a socket: who awaited a join listens before the next frame, and before the end', async () => {
    const [then, now] = await visitTwice(async (client, server) => {
      const seen: unknown[] = [];
      await client.room('lobby', 'main').join();
      client.room('lobby', 'main').on('message', ({ data }) => seen.push(data.text));
      client.on('state', ({ status }) => status === 'waiting' && seen.push(status));
      await server?.say('hello');
      await eventually(() => seen.length >= 1);
      server?.cut();
      await eventually(() => seen.length >= 2);
      return seen;
    });
    expect(then).toEqual(['hello', 'waiting']);
    expect(now).toEqual(then);
  });

  test.each(['hello', 'join'])('takes rooms that were asked for in %s in either frame', async (frame) => {
    let hasAsked = false;
    const [then, now] = await visitTwice(
      async (client, server) => {
        const first = client.room('lobby', 'main').join();
        // In one case these are too late for `hello` while recorded, in the other one while replayed.
        if ((frame === 'join') === (server !== undefined)) await eventually(() => client.state.status === 'open');
        const others = [client.room('booking', '1').join(), client.room('lobby', 'side').join()];
        hasAsked = true;
        const refused = await others[0]?.catch(({ code }) => code);
        await Promise.all([first, others[1]]);
        const { offset } = await client.room('lobby', 'side').publish('message', { text: 'here' });
        return [refused, offset];
      },
      frame === 'hello' ? () => eventually(() => hasAsked) : undefined,
    );
    expect(then).toEqual(['forbidden', 1]);
    expect(now).toEqual(then);
  });

  test('ends the client at once, and says why, where it does what was not recorded', async () => {
    const { recording } = await recorded();
    const replay = replaySession(recording);
    await using client = openClient({ url: 'ws://nowhere.invalid', WebSocket: replay.WebSocket });
    await client.room('lobby', 'main').join({ rewind: 1 });
    const published = client.room('lobby', 'main').publish('message', { text: 'other' });
    await expect(published).rejects.toMatchObject({ name: 'TrunklineError' });
    expect(client.state).toMatchObject({
      status: 'closed',
      cause: { code: 4_999, reason: expect.stringMatching(/^not in the recording: \{.*"other"/) },
    });
    expect(replay.pending()).toContainEqual({
      type: 'publish',
      room: 'lobby:main',
      event: 'message',
      data: { text: 'one' },
    });
  });

  test('keeps the client alive for as long as the test takes', async () => {
    const { recording } = await recorded();
    vi.useFakeTimers();
    try {
      const client = openClient({ url: 'ws://nowhere.invalid', WebSocket: replaySession(recording).WebSocket });
      await client.room('lobby', 'main').join({ rewind: 1 });
      await vi.advanceTimersByTimeAsync(600_000);
      expect(client.state.status).toBe('open');
      await client.close();
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  test('is away after its last connection', async () => {
    const replay = replaySession({ connections: [] });
    await using client = openClient({ url: 'ws://nowhere.invalid', WebSocket: replay.WebSocket, maxAttempts: 1 });
    await expect(client.connect()).rejects.toMatchObject({ name: 'TrunklineError' });
    expect(client.state).toMatchObject({ status: 'closed' });
  });
});

import { TrunklineError } from '@trunkline/protocol';
import { eventually } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { errors, settle } from './support/observe-client.js';
import { openClient, QUICK } from './support/open-client.js';
import { startScript } from './support/scripted-server.js';
import { startServer, urlOf } from './support/start-server.js';

describe('a token that is refused or has ended', () => {
  test('a refused token is never sent again: a new one once at once, then with backoff, and the application is told (pusher-js #190, #659)', async () => {
    await using server = await startServer();
    let fetches = 0;
    await using client = openClient({
      ...QUICK,
      url: server.url,
      token: async () => (++fetches < 4 ? `bad-${fetches}` : await server.token('ann')),
    });
    const told = errors(client);
    await client.connect();
    expect([fetches, told]).toEqual([4, ['unauthenticated']]);
  });

  test('who connects after close() is who the provider then says, never the user before', async () => {
    await using server = await startServer();
    let user = 'ann';
    await using client = openClient({ url: server.url, token: () => server.token(user) });
    await client.connect();
    for (const again of [client.connect, client.reconnect]) {
      await client.close();
      expect(client.userId).toBeUndefined();
      user += 'a';
      await again();
      expect(client.userId).toBe(user);
    }
  });

  test.each(['', null, 7])('a token that is %j is none: the end is loud and says so', async (token) => {
    await using server = await startServer();
    await using client = openClient({ url: server.url, token: token as string });
    expect(await settle(client.connect())).toBe('unauthenticated');
    expect(client.state).toMatchObject({ status: 'closed', cause: { code: 4100 } });
  });

  test('a fixed token that is refused ends loudly', async () => {
    await using server = await startServer();
    await using client = openClient({ url: server.url, token: 'bad' });
    expect(await settle(client.connect())).toBe('unauthenticated');
    expect(client.state).toMatchObject({ status: 'closed', cause: { code: 4100 } });
  });

  test('a fixed token that has ended closes loudly, and no later try uses it (auth0-socketio-jwt #98)', async () => {
    await using script = await startScript();
    await using client = openClient({ url: script.url, token: 'fixed' });
    const told = errors(client);
    const opening = client.connect();
    const peer = await script.connection();
    await peer.welcome({ expiresAt: Date.now() });
    await opening;
    peer.send({ type: 'expiring', expiresAt: Date.now() });
    peer.send({ type: 'goaway', code: 4101, reason: 'token_expired', reconnect: true, afterMs: 0 });
    await eventually(() => client.state.status === 'closed');
    expect([client.state, told]).toMatchObject([{ cause: { code: 4101 } }, ['token_expired']]);
    const before = script.count;
    expect(await settle(client.reconnect())).toBe('token_expired');
    expect(script.count).toBe(before);
  });

  test('ends before the socket opens fetch one new token, then tell, and keep on with backoff (ws #1745)', async () => {
    const reasons: string[] = [];
    await using client = openClient({
      ...QUICK,
      url: urlOf(1),
      token: ({ reason }) => {
        reasons.push(reason);
        return 't';
      },
    });
    const told = errors(client);
    void settle(client.connect());
    await eventually(() => reasons.length >= 6);
    expect([reasons.slice(0, 6), told]).toEqual([
      ['connect', 'connect', 'refused', 'connect', 'connect', 'connect'],
      ['unavailable'],
    ]);
  });

  test('what is too long for a token, like the page of a proxy, is not sent: told, and asked for again', async () => {
    await using server = await startServer();
    const answers = ['<html>'.padEnd(16_385), await server.token('ann')];
    await using client = openClient({ ...QUICK, url: server.url, token: () => answers.shift() ?? '' });
    const told = errors(client);
    expect([await settle(client.connect()), told]).toEqual([undefined, ['unavailable']]);
  });

  test('a provider that fails is tried again and told; one that says never ends it', async () => {
    await using server = await startServer();
    let fetches = 0;
    await using client = openClient({
      ...QUICK,
      url: server.url,
      token: async () => {
        if (++fetches < 3) throw new Error('down');
        return await server.token('ann');
      },
    });
    const told = errors(client);
    await client.connect();
    expect(told).toEqual(['unavailable', 'unavailable']);
    await using signedOut = openClient({
      url: server.url,
      token: () => {
        throw new TrunklineError('unauthenticated', 'Signed out.');
      },
    });
    await settle(signedOut.connect());
    expect(signedOut.state.status).toBe('closed');
  });

  test.each([
    ['unauthenticated', new TrunklineError('unauthenticated', 'Signed out.')],
    ['unavailable', new Error('The sign-in page is down.')],
  ])('what ends it is the cause of the refusal %s', async (code, thrown) => {
    await using client = openClient({
      url: urlOf(1),
      maxAttempts: 1,
      token: () => {
        throw thrown;
      },
    });
    const refusals = [client.connect(), client.room('lobby', 'main').join()];
    for (const refused of refusals)
      await expect(refused).rejects.toMatchObject({ code, retryable: false, cause: thrown });
    await expect(client.room('lobby', 'main').join()).rejects.toHaveProperty('cause', thrown);
  });

  test('the token is in the hello and not in the URL', async () => {
    await using script = await startScript();
    const urls: string[] = [];
    class Noted extends WebSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols);
        urls.push(new URL(url).search);
      }
    }
    await using client = openClient({ url: script.url, token: 'a b', WebSocket: Noted });
    void settle(client.connect());
    expect((await (await script.connection()).welcome()).token).toBe('a b');
    expect(urls).toEqual(['']);
  });
});

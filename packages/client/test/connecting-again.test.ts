import { eventually, watchLeaks } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { settle, statuses } from './support/observe-client.js';
import { openClient, QUICK } from './support/open-client.js';
import { startScript } from './support/scripted-server.js';
import { startServer, urlOf } from './support/start-server.js';

describe('connecting again', () => {
  test('connect() by a listener that hears of the end resolves when it is open again', async () => {
    await using server = await startServer();
    await using client = openClient({ url: server.url, token: () => server.token('ann') });
    await client.connect();
    let again: Promise<unknown> | undefined;
    client.on('state', ({ status }) => {
      if (status === 'closed') again ??= settle(client.connect().then(() => client.state.status));
    });
    await client.close();
    expect(await again).toBe('open');
  });

  test('connect() by a listener that hears of the end begins a session of its own', async () => {
    await using script = await startScript();
    await using client = openClient({ url: script.url });
    const opening = client.connect();
    await (await script.connection()).welcome();
    await opening;
    const stop = client.on('state', () => {
      stop();
      client.connect().catch(() => {});
    });
    await client.close();
    expect((await (await script.connection()).welcome()).session).toBeUndefined();
  });

  test('maxAttempts ends the trying, and says so', async () => {
    const client = openClient({ ...QUICK, url: urlOf(1), maxAttempts: 3 });
    expect(await settle(client.connect())).toMatch(/./);
    expect(client.state.status).toBe('closed');
    expect(client.explain().timeline.filter(({ what }) => what === 'connecting')).toHaveLength(3);
  });

  test('maxAttempts counts no press of reconnect()', async () => {
    await using script = await startScript();
    await using client = openClient({ ...QUICK, url: script.url, maxAttempts: 2 });
    const seen = statuses(client);
    void settle(client.connect());
    for (let n = 0; n < 4; n++) {
      await (await script.connection()).welcome();
      await eventually(() => client.state.status === 'open');
      void settle(client.reconnect());
    }
    expect(seen.map(({ status }) => status)).not.toContain('closed');
  });

  test('an option that is given as undefined is the default', async () => {
    await using _leaks = watchLeaks();
    await using client = openClient({
      url: urlOf(1),
      ...Object.fromEntries(
        ['clock', 'random', 'maxAttempts', 'connectTimeoutMs', 'wake'].map((name) => [name, undefined]),
      ),
      backoff: Object.fromEntries(['baseMs', 'capMs'].map((name) => [name, undefined])),
      queue: Object.fromEntries(['maxItems', 'maxBytes', 'whenFull'].map((name) => [name, undefined])),
    });
    void settle(client.connect());
    const sent = settle(client.room('lobby', 'main').publish('message', { text: 'x' }));
    await eventually(() => client.state.status === 'waiting');
    expect([client.queue.status.length, client.explain().nextAttemptAt]).toEqual([1, expect.any(Number)]);
    await client.close();
    expect(await sent).toBe('cancelled');
  });
});

import { TrunklineError } from '@trunkline/protocol';
import { eventually } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { settle } from './support/observe-client.js';
import { openClient, QUICK } from './support/open-client.js';
import { startScript } from './support/scripted-server.js';
import { startServer, urlOf } from './support/start-server.js';

describe('requests and calls', () => {
  test('a request settles once: answer, typed error, timeout, abort', async () => {
    await using server = await startServer();
    const aborted: string[] = [];
    server.hub.handle('echo', (input, { signal }) => {
      const { mode } = input as { mode: string };
      if (mode === 'refuse') throw new TrunklineError('QUOTA_EXCEEDED', 'No calls left.');
      if (mode === 'hang') {
        return new Promise((resolve) =>
          signal.addEventListener('abort', () => {
            aborted.push(mode);
            resolve({});
          }),
        );
      }
      return { mode };
    });
    await using client = openClient({ url: server.url, token: () => server.token('ann') });
    const controller = new AbortController();
    const hanging = settle(client.request('echo', { mode: 'hang' }, { signal: controller.signal }));
    const outcomes = [
      await settle(client.request('echo', { mode: 'answer' })),
      await settle(client.request('echo', { mode: 'refuse' })),
      await settle(client.request('echo', { mode: 'hang' }, { timeoutMs: 30 })),
    ];
    controller.abort();
    expect([...outcomes, await hanging]).toEqual([{ mode: 'answer' }, 'QUOTA_EXCEEDED', 'timeout', 'cancelled']);
    await eventually(() => aborted.length === 2);
  });

  test('a request made offline has its time too', async () => {
    await using client = openClient({ ...QUICK, url: urlOf(1) });
    expect(await settle(client.request('echo', {}, { timeoutMs: 20 }))).toBe('timeout');
  });

  test('the server calls this client, gives up, or finds no handler', async () => {
    await using script = await startScript();
    await using client = openClient({ url: script.url });
    const aborted: string[] = [];
    client.handle('client_tool_call', async ({ tool }, { signal }) => {
      if (tool === 'fail') throw new Error('a secret');
      if (tool !== 'hang') return { tool };
      return await new Promise((resolve) => signal.addEventListener('abort', () => resolve(aborted.push('hang'))));
    });
    void settle(client.connect());
    const peer = await script.connection();
    await peer.welcome();
    for (const [id, method, tool] of [
      ['k1', 'client_tool_call', 'open'],
      ['k2', 'client_tool_call', 'hang'],
      ['k3', 'unknown', ''],
      ['k4', 'client_tool_call', 'fail'],
    ] as const) {
      peer.send({ type: 'call', id, method, data: { tool } });
    }
    peer.send({ type: 'cancel', of: 'k2' });
    const results = [await peer.next('result'), await peer.next('result'), await peer.next('result')].sort(
      (one, other) => one.of.localeCompare(other.of),
    );
    expect(results).toMatchObject([
      { of: 'k1', data: { tool: 'open' } },
      { of: 'k3', error: { code: 'not_found' } },
      { of: 'k4', error: { code: 'internal', message: 'internal' } },
    ]);
    await eventually(() => aborted.length === 1);
  });
});

test('a call is answered when its result is no JSON, and while the server drains', async () => {
  await using script = await startScript();
  await using client = openClient({ url: script.url });
  const circle: { me?: unknown } = {};
  circle.me = circle;
  let finish = (_: unknown) => {};
  client.handle('client_tool_call', async ({ tool }) => {
    if (tool === 'circle') return circle;
    return tool === 'number' ? 10n : await new Promise((resolve) => (finish = resolve));
  });
  void settle(client.connect());
  void settle(client.room('lobby', 'main').join());
  const peer = await script.connection();
  await peer.welcome();
  for (const tool of ['number', 'circle', 'slow'])
    peer.send({ type: 'call', id: tool, method: 'client_tool_call', data: { tool } });
  const failed = [await peer.next('result'), await peer.next('result')];
  expect(failed).toMatchObject([
    { of: 'number', error: { code: 'invalid_data' } },
    { of: 'circle', error: { code: 'invalid_data' } },
  ]);
  void settle(client.room('lobby', 'main').publish('message', { text: 'holds the drain' }));
  await peer.next('publish');
  peer.send({ type: 'goaway', code: 1012, reason: 'service_restart', reconnect: true, afterMs: 60_000 });
  await eventually(() => client.state.status === 'open' && client.state.leaving);
  finish('done');
  expect(await peer.next('result')).toMatchObject({ of: 'slow', data: 'done' });
});

describe('a request', () => {
  test('one without a limit sends none', async () => {
    await using script = await startScript();
    await using client = openClient({ url: script.url });
    const asked = client.request('echo', {}, { timeoutMs: Infinity });
    const peer = await script.connection();
    await peer.welcome();
    const { id, timeoutMs } = await peer.next('request');
    peer.send({ type: 'response', id, data: {} });
    await asked;
    expect(timeoutMs).toBeUndefined();
  });

  test('one that was given up tells no progress any more', async () => {
    await using script = await startScript();
    await using client = openClient({ url: script.url });
    const controller = new AbortController();
    const progress: unknown[] = [];
    const { signal } = controller;
    const asked = settle(client.request('echo', {}, { signal, onProgress: (step) => progress.push(step) }));
    const peer = await script.connection();
    await peer.welcome();
    const { id } = await peer.next('request');
    controller.abort();
    expect(await asked).toBe('cancelled');
    peer.send({ type: 'progress', id, data: 1 });
    const next = client.request('echo', {});
    const request = await peer.next('request');
    peer.send({ type: 'response', id: request.id, data: {} });
    await next;
    expect(progress).toEqual([]);
  });
});

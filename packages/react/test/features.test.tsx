import './support/dom.js';
import { act, cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { createClient, type TrunklineError } from '@trunkline/client';
import { eventually } from '@trunkline/testkit';
import { useEffect } from 'react';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type Request, TrunklineProvider, useConnection, usePersonalRoom, useQueue, useRequest } from '../src/index.js';
import { renderApp } from './support/render-app.js';
import { startServer } from './support/start-server.js';

const ROOM = 'lobby:main';

afterEach(cleanup);

function Status() {
  const { status, userId, explain } = useConnection();
  return (
    <output>{`${status} ${userId}: ${explain()
      .timeline.map(({ what }) => what)
      .join(' ')}`}</output>
  );
}

function Waiting() {
  const { queue } = useConnection();
  const texts = useQueue().map(({ data }) => (data as { text: string }).text);
  return <output>{`waiting: ${queue.length} ${texts.join()}`}</output>;
}

function Ask() {
  const { request, cancel, status, data, error, progress } = useRequest('echo');
  const ask = (input: object) => void request(input).catch(() => undefined);
  return (
    <>
      <output>{`${status} ${JSON.stringify(progress)} ${JSON.stringify(data)} ${(error as { code?: string })?.code}`}</output>
      <button type="button" onClick={() => ask({ n: 1 })}>
        ask
      </button>
      <button type="button" onClick={() => ask({ wait: true })}>
        wait
      </button>
      <button type="button" onClick={() => ask({ fail: true })}>
        fail
      </button>
      <button type="button" onClick={cancel}>
        cancel
      </button>
    </>
  );
}

interface ExposedProps {
  readonly asked: Request<'echo'>[];
  readonly options?: Parameters<typeof useRequest<'echo'>>[1];
}

function Exposed({ asked, options }: ExposedProps) {
  const request = useRequest('echo', options);
  useEffect(() => void asked.push(request));
  return <output>{`${request.status} ${JSON.stringify(request.data)}`}</output>;
}

function Mine({ told }: { readonly told: unknown[] }) {
  const { isJoined } = usePersonalRoom(undefined, { onEvent: ({ data }) => told.push(data) });
  return <output>{String(isJoined)}</output>;
}

test('useConnection shows the state, and explain says how it came', async () => {
  await using server = await startServer();
  await using _app = renderApp({ url: server.url, token: await server.token('ann') }, <Status />);
  await screen.findByText('open ann: connecting authenticating open');
});

test('useConnection counts and useQueue lists what waits while there is no connection', async () => {
  await using app = renderApp({ url: 'ws://127.0.0.1:9/v1/connect' }, <Waiting />);
  const published = app.client.room(ROOM).publish('message', { text: 'later' });
  published.catch(() => undefined);
  await screen.findByText('waiting: 1 later');
});

test('useRequest settles with progress, data, an error or a cancellation', async () => {
  await using server = await startServer();
  let stopped = false;
  server.hub.handle('echo', async (input, { progress, signal }) => {
    progress({ half: true });
    if (input.wait) {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      stopped = true;
    }
    if (input.fail) throw new Error('no');
    return input;
  });
  await using _app = renderApp({ url: server.url, token: await server.token('ann') }, <Ask />);
  fireEvent.click(screen.getByText('ask'));
  await screen.findByText('success {"half":true} {"n":1} undefined');
  fireEvent.click(screen.getByText('fail'));
  await screen.findByText(/^error {"half":true} undefined [a-z_]+$/);
  fireEvent.click(screen.getByText('wait'));
  await screen.findByText(/^pending {"half":true}/);
  await act(async () => fireEvent.click(screen.getByText('cancel')));
  await screen.findByText(/^error .* (cancelled|unknown_outcome)$/);
  await eventually(() => stopped);
});

test('useRequest answers each caller, and shows the newest request only', async () => {
  await using server = await startServer();
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  server.hub.handle('echo', async (input) => {
    if (input.isSlow) await released;
    return input;
  });
  const asked: Request<'echo'>[] = [];
  await using _app = renderApp({ url: server.url, token: await server.token('ann') }, <Exposed asked={asked} />);
  const slow = asked.at(-1)?.request({ isSlow: true });
  await screen.findByText('pending undefined');
  expect(await act(async () => await asked.at(-1)?.request({ n: 2 }))).toEqual({ n: 2 });
  await screen.findByText('success {"n":2}');
  release();
  expect(await act(async () => await slow)).toEqual({ isSlow: true });
  expect(screen.getByText('success {"n":2}')).toBeDefined();
});

test('useRequest takes the options of a request', { timeout: 10_000 }, async () => {
  await using server = await startServer();
  server.hub.handle('echo', (_, { progress, signal }) => {
    progress({ half: true });
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve({})));
  });
  const asked: Request<'echo'>[] = [];
  const told: unknown[] = [];
  const options = { timeoutMs: 300, onProgress: (progress: unknown) => told.push(progress) };
  await using _app = renderApp(
    { url: server.url, token: await server.token('ann') },
    <Exposed asked={asked} options={options} />,
  );
  const code = asked
    .at(-1)
    ?.request({})
    .catch((error: TrunklineError) => error.code);
  expect(await act(async () => await code)).toMatch(/^(timeout|unknown_outcome)$/);
  expect(told).toEqual([{ half: true }]);
});

test('useRequest before there is a client says so', async () => {
  const asked: Request<'echo'>[] = [];
  render(
    <TrunklineProvider client={() => createClient({ url: 'ws://127.0.0.1:9/v1/connect', WebSocket })}>
      <Exposed asked={asked} />
    </TrunklineProvider>,
  );
  await expect(asked[0]?.request({})).rejects.toMatchObject({ code: 'unavailable' });
});

test('usePersonalRoom is the signed-in user’s, and waits for who that is', async () => {
  await using server = await startServer();
  const told: unknown[] = [];
  await using app = renderApp({ url: server.url, token: await server.token('ann') }, <Mine told={told} />);
  await screen.findByText('true');
  expect(app.client.explain().rooms.map(({ room }) => room)).toEqual(['user:ann']);
  await server.hub.publish({ rooms: ['user:ann'], event: 'notification', data: { text: 'for you' } });
  await waitFor(() => expect(told).toEqual([{ text: 'for you' }]));
});

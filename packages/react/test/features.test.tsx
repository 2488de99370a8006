import './support/dom.js';
import { act, cleanup, fireEvent, screen, waitFor } from '@testing-library/react';
import { eventually } from '@trunkline/testkit';
import { afterEach, expect, test } from 'vitest';
import { useConnection, usePersonalRoom, useQueue, useRequest } from '../src/index.js';
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

test('usePersonalRoom is the signed-in user’s, and waits for who that is', async () => {
  await using server = await startServer();
  const told: unknown[] = [];
  await using _app = renderApp({ url: server.url, token: await server.token('ann') }, <Mine told={told} />);
  await screen.findByText('true');
  await server.hub.publish({ rooms: ['user:ann'], event: 'notification', data: { text: 'for you' } });
  await waitFor(() => expect(told).toEqual([{ text: 'for you' }]));
});

import './support/dom.js';
import { act, cleanup, fireEvent, screen, waitFor } from '@testing-library/react';
import type { ClientOptions } from '@trunkline/client';
import { eventually, startFaultProxy } from '@trunkline/testkit';
import { afterEach, expect, test } from 'vitest';
import { useHistory } from '../src/index.js';
import { holdFrames } from './support/hold-frames.js';
import { knownSockets } from './support/known-sockets.js';
import { renderApp } from './support/render-app.js';
import { type StartedServer, startServer } from './support/start-server.js';

const ROOM = 'lobby:main';

afterEach(cleanup);

/** Numbers that follow one another as `first-last`. */
function runsOf(numbers: readonly number[]): string {
  const runs: number[][] = [];
  for (const n of numbers) {
    const run = runs.at(-1);
    if (run?.at(-1) === n - 1) run.push(n);
    else runs.push([n]);
  }
  return runs.map((run) => `${run[0]}-${run.at(-1)}`).join();
}

function Past({ limit }: { readonly limit: number }) {
  const { events, hasOlder, isLoading, loadOlder } = useHistory(ROOM, { limit });
  const numbers = events.map(({ data }) => Number((data as { text: string }).text));
  return (
    <button type="button" onClick={() => void loadOlder()}>
      {`${isLoading ? 'loading' : hasOlder ? 'more' : 'all'} ${runsOf(numbers)}`}
    </button>
  );
}

const shown = () => screen.getByRole('button').textContent;

/** Ann's page over sockets of this kind. */
async function renderPast(server: StartedServer, WebSocket: ClientOptions['WebSocket'], limit = 3) {
  return renderApp({ url: server.url, token: await server.token('ann'), WebSocket }, <Past limit={limit} />);
}

function speakIn(server: StartedServer) {
  let n = 0;
  return async (times: number) => {
    for (const end = n + times; n < end; ) {
      await server.hub.publish({ rooms: [ROOM], event: 'message', data: { text: String(++n) } });
    }
  };
}

test('useHistory keeps the order when more than a page comes while the newest page is asked for', async () => {
  await using server = await startServer();
  const say = speakIn(server);
  const held = holdFrames('questions');
  held.hold();
  await using _app = await renderPast(server, held.HoldingSocket);
  await eventually(() => held.waiting === 1);
  await say(10);
  await waitFor(() => expect(shown()).toBe('loading 1-10'));
  held.letGo();
  await waitFor(() => expect(shown()).toBe('more 8-10'));
  fireEvent.click(screen.getByRole('button'));
  await waitFor(() => expect(shown()).toBe('more 5-10'));
});

test('useHistory that holds all it may has no hole when events come while an older page is asked for', async () => {
  await using server = await startServer({ limits: { historySize: 2_000 } });
  const say = speakIn(server);
  await say(1_010);
  const held = holdFrames('questions');
  await using _app = await renderPast(server, held.HoldingSocket, 1_000);
  await waitFor(() => expect(shown()).toBe('more 11-1010'));
  await say(2);
  await waitFor(() => expect(shown()).toBe('more 13-1012'));
  held.hold();
  fireEvent.click(screen.getByRole('button'));
  await eventually(() => held.waiting === 1);
  await say(2);
  await waitFor(() => expect(shown()).toMatch(/-1014$/));
  held.letGo();
  await waitFor(() => expect(shown()).toBe('all 1-1014'));
  await say(1);
  await waitFor(() => expect(shown()).toBe('more 2-1015'));
});

test('useHistory shows an event once that comes behind the page that has it', async () => {
  await using server = await startServer();
  const say = speakIn(server);
  const held = holdFrames('events');
  const options = { url: server.url, token: await server.token('ann'), WebSocket: held.HoldingSocket };
  await using app = renderApp(options, null);
  await app.client.room(ROOM).join();
  held.hold();
  await say(1);
  await eventually(() => held.waiting === 1);
  app.show(<Past limit={3} />);
  await waitFor(() => expect(shown()).toBe('all 1-1'));
  held.letGo();
  await say(1);
  await waitFor(() => expect(shown()).toBe('all 1-2'));
});

test('useHistory shows what came while the log was away, and nothing ephemeral', async () => {
  await using server = await startServer();
  const { sockets, KnownSocket } = knownSockets();
  await using _app = await renderPast(server, KnownSocket);
  await waitFor(() => expect(shown()).toBe('all '));
  const hear = (text: string, provisional: boolean) => {
    const event = { type: 'event', room: ROOM, event: 'message', from: { service: 'test' }, timestamp: 1 };
    const frame = JSON.stringify({ ...event, id: `id-${text}`, provisional, data: { text } });
    for (const socket of sockets) socket.emit('message', Buffer.from(frame), false);
  };
  hear('1', false);
  hear('2', true);
  await waitFor(() => expect(shown()).toBe('all 2-2'));
});

test('useHistory takes no page that was asked for before a gap', async () => {
  await using server = await startServer();
  const say = speakIn(server);
  await say(2);
  const held = holdFrames('answers');
  held.hold();
  await using _app = await renderPast(server, held.HoldingSocket);
  await eventually(() => held.waiting === 1);
  await server.hub.purge(ROOM);
  await eventually(() => held.waiting === 2);
  await act(async () => held.letGo());
  expect(shown()).toBe('loading ');
  held.letGo();
  await waitFor(() => expect(shown()).toBe('all '));
});

test('useHistory leaves its room with the component, and begins anew when that comes back', async () => {
  await using server = await startServer();
  const say = speakIn(server);
  await say(2);
  const held = holdFrames('answers');
  held.hold();
  await using app = await renderPast(server, held.HoldingSocket);
  await eventually(() => held.waiting === 1);
  app.show(null);
  await eventually(async () => (await server.hub.roomsOf('ann')).length === 0);
  await say(1);
  app.show(<Past limit={3} />);
  await eventually(() => held.waiting === 2);
  await act(async () => held.letGo());
  expect(shown()).toBe('loading ');
  held.letGo();
  await waitFor(() => expect(shown()).toBe('all 1-3'));
  app.show(null);
  await eventually(async () => (await server.hub.roomsOf('ann')).length === 0);
  held.hold();
  app.show(<Past limit={3} />);
  await waitFor(() => expect(shown()).toBe('loading '));
});

test('useHistory that resumes after a drop asks for nothing again', async () => {
  await using server = await startServer();
  await using proxy = await startFaultProxy({ targetPort: server.port });
  const say = speakIn(server);
  await say(4);
  const held = holdFrames('questions');
  const url = `ws://127.0.0.1:${proxy.port}/v1/connect`;
  const backoff = { baseMs: 20, capMs: 50 };
  const options = { url, token: await server.token('ann'), backoff, WebSocket: held.HoldingSocket };
  await using app = renderApp(options, <Past limit={3} />);
  await waitFor(() => expect(shown()).toBe('more 2-4'));
  await proxy.down();
  proxy.rstAll();
  await waitFor(() => expect(app.client.state.status).not.toBe('open'));
  await say(1);
  await proxy.up();
  await waitFor(() => expect(shown()).toBe('more 2-5'));
  expect(held.asked).toBe(1);
});

test('useHistory asks for each older page once, and for none before the beginning', async () => {
  await using server = await startServer();
  const say = speakIn(server);
  await say(4);
  const held = holdFrames('questions');
  await using _app = await renderPast(server, held.HoldingSocket);
  await waitFor(() => expect(shown()).toBe('more 2-4'));
  held.hold();
  for (let clicks = 0; clicks < 2; clicks++) fireEvent.click(screen.getByRole('button'));
  await eventually(() => held.waiting === 1);
  held.letGo();
  await waitFor(() => expect(shown()).toBe('all 1-4'));
  await act(async () => fireEvent.click(screen.getByRole('button')));
  expect(shown()).toBe('all 1-4');
  expect(held.asked).toBe(2);
});

import './support/dom.js';
import { act, cleanup, render, screen, waitFor } from '@testing-library/react';
import { eventually } from '@trunkline/testkit';
import { Activity, lazy, type ReactNode, Suspense, useState } from 'react';
import { renderToString } from 'react-dom/server';
import { afterEach, expect, test } from 'vitest';
import { TrunklineProvider, useConnection, useRoom } from '../src/index.js';
import { joined, Lobby, spyOnFrames, textOf } from './support/lobby.js';
import { openClient, renderApp } from './support/render-app.js';
import { startServer } from './support/start-server.js';

afterEach(cleanup);

function Count({ id }: { readonly id: string }) {
  const { events } = useRoom('lobby:main');
  const until = performance.now() + 2;
  while (performance.now() < until);
  return <data id={id}>{events.length}</data>;
}

function Status() {
  const { status, userId } = useConnection();
  return <output>{`${status} ${userId}`}</output>;
}

function Page() {
  const [query, setQuery] = useState('');
  return (
    <>
      <input value={query} onChange={(change) => setQuery(change.target.value)} />
      <Count id="a" />
      <Count id="b" />
    </>
  );
}

test('a component that is replaced in one go, as by a hot reload, keeps its room', async () => {
  await using server = await startServer();
  const frames: string[] = [];
  await using app = renderApp(
    { url: server.url, token: await server.token('ann'), WebSocket: spyOnFrames(frames) },
    <Lobby key="before" />,
  );
  await joined('lobby:main');
  await server.hub.publish({ rooms: ['lobby:main'], event: 'message', data: { text: 'kept' } });
  await screen.findByText('kept');
  app.show(<Lobby key="after" />);
  await joined('lobby:main');
  expect(screen.getByText('kept')).toBeDefined();
  app.show(null);
  await eventually(async () => (await server.hub.roomsOf('ann')).length === 0);
  expect(frames.filter((frame) => frame.includes('"type":"leave"'))).toHaveLength(1);
  expect(frames.filter((frame) => /"type":"(join|hello)"/.test(frame) && frame.includes('lobby:main'))).toHaveLength(1);
});

test('a room keeps its events while the component beside it suspends', async () => {
  await using server = await startServer();
  const told: string[] = [];
  let finish: (module: { default: () => ReactNode }) => void = () => {};
  const Late = lazy(() => new Promise<{ default: () => ReactNode }>((resolve) => (finish = resolve)));
  await using app = renderApp(
    { url: server.url, token: await server.token('ann') },
    <Suspense fallback={<i>wait</i>}>
      <Lobby onEvent={(event) => told.push(textOf(event))} />
    </Suspense>,
  );
  await joined('lobby:main');
  await server.hub.publish({ rooms: ['lobby:main'], event: 'message', data: { text: 'before' } });
  await screen.findByText('before');
  app.show(
    <Suspense fallback={<i>wait</i>}>
      <Lobby onEvent={(event) => told.push(textOf(event))} />
      <Late />
    </Suspense>,
  );
  await screen.findByText('wait');
  await server.hub.publish({ rooms: ['lobby:main'], event: 'message', data: { text: 'meanwhile' } });
  await waitFor(() => expect(told).toEqual(['before', 'meanwhile']));
  await act(async () => finish({ default: () => <b>late</b> }));
  await screen.findByText('late');
  expect(screen.getAllByRole('listitem').map((item) => item.textContent)).toEqual(['before', 'meanwhile']);
});

test('a hidden Activity leaves its room and joins it again when it is shown', async () => {
  await using server = await startServer();
  const page = (mode: 'visible' | 'hidden') => (
    <Activity mode={mode}>
      <Lobby />
    </Activity>
  );
  await using app = renderApp({ url: server.url, token: await server.token('ann') }, page('visible'));
  await joined('lobby:main');
  app.show(page('hidden'));
  await eventually(async () => (await server.hub.roomsOf('ann')).length === 0);
  app.show(page('visible'));
  await eventually(async () => (await server.hub.roomsOf('ann')).includes('lobby:main'));
});

test('a page that a server rendered is taken over by a client that is in the room already', async () => {
  await using server = await startServer();
  await using client = openClient({ url: server.url, token: await server.token('ann') });
  const page = (
    <TrunklineProvider client={client}>
      <Lobby />
      <Status />
    </TrunklineProvider>
  );
  const container = document.createElement('div');
  container.innerHTML = renderToString(page);
  document.body.append(container);
  await client.room('lobby:main').join();
  const complaints: unknown[] = [];
  render(page, { container, hydrate: true, onRecoverableError: (error) => complaints.push(error) });
  await screen.findByText('open ann');
  await joined('lobby:main');
  expect(complaints).toEqual([]);
});

test('an update that is interrupted never shows two components different events', async () => {
  await using server = await startServer();
  const seen = new Set<string>();
  await using app = renderApp({ url: server.url, token: await server.token('ann') }, <Page />);
  const counts = () => ['a', 'b'].map((id) => app.view.container.querySelector(`#${id}`)?.textContent);
  const watcher = new MutationObserver(() => seen.add(counts().join()));
  watcher.observe(app.view.container, { subtree: true, characterData: true, childList: true });
  await waitFor(() => expect(app.client.room('lobby:main').status).toBe('joined'));
  for (let n = 0; n < 10; n++) {
    await server.hub.publish({ rooms: ['lobby:main'], event: 'message', data: { text: String(n) } });
  }
  await waitFor(() => expect(counts()).toEqual(['10', '10']));
  watcher.disconnect();
  expect([...seen].filter((pair) => new Set(pair.split(',')).size > 1)).toEqual([]);
});

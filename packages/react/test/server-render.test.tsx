import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createClient } from '@trunkline/client';
import { renderToString } from 'react-dom/server';
import { expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import {
  TrunklineProvider,
  useClient,
  useConnection,
  useHistory,
  usePersonalRoom,
  usePresence,
  useQueue,
  useReceipts,
  useRequest,
  useRoom,
  useTyping,
} from '../src/index.js';
import { useAction } from '../src/query.js';

const ROOM = 'lobby:main';

function Everything() {
  const { status, explain } = useConnection();
  const { isJoined, events } = useRoom(ROOM);
  const personal = usePersonalRoom('ann');
  const { members } = usePresence(ROOM, { mood: 'fine' });
  const { users } = useTyping(ROOM);
  const { cursors } = useReceipts(ROOM);
  const { isLoading } = useHistory(ROOM);
  const request = useRequest('echo');
  const lists = [events, members, users, cursors, explain().timeline, personal.events, useQueue()].flat();
  return <p>{[status, isJoined, lists.length, isLoading, request.status].join(' ')}</p>;
}

const QUIET = '<p>idle false 0 true idle</p>';

test('a render on a server makes no client, no socket and no complaint', () => {
  const make = vi.fn(() => createClient({ url: 'ws://127.0.0.1:9/v1/connect' }));
  const html = renderToString(
    <TrunklineProvider client={make}>
      <Everything />
    </TrunklineProvider>,
  );
  expect(html).toBe(QUIET);
  expect(make).not.toHaveBeenCalled();
});

test('a render on a server with a client of the application leaves it idle', () => {
  const client = createClient({ url: 'ws://127.0.0.1:9/v1/connect', WebSocket });
  const html = renderToString(
    <TrunklineProvider client={client}>
      <Everything />
    </TrunklineProvider>,
  );
  expect(html).toBe(QUIET);
  expect(client.state.status).toBe('idle');
  expect(client.explain().timeline).toEqual([]);
});

function Lonely({ hook }: { readonly hook: () => unknown }) {
  hook();
  return null;
}

test.each<[string, () => unknown]>([
  ['useClient', useClient],
  ['useConnection', useConnection],
  ['useRoom', () => useRoom(ROOM)],
  ['useRoom of no room yet', () => useRoom(undefined)],
  ['usePersonalRoom', () => usePersonalRoom('ann')],
  ['usePresence', () => usePresence(ROOM)],
  ['useTyping', () => useTyping(ROOM)],
  ['useReceipts', () => useReceipts(ROOM)],
  ['useHistory', () => useHistory(ROOM)],
  ['useQueue', useQueue],
  ['useRequest', () => useRequest('echo')],
  ['useAction', () => useAction('echo')],
])('%s without a provider says what is missing', (_, hook) => {
  const render = () =>
    renderToString(
      <QueryClientProvider client={new QueryClient()}>
        <Lonely hook={hook} />
      </QueryClientProvider>,
    );
  expect(render).toThrow('There is no TrunklineProvider above this hook.');
});

import { createClient } from '@trunkline/client';
import { renderToString } from 'react-dom/server';
import { expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import {
  TrunklineProvider,
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

test('hooks without a provider are quiet too', () => {
  expect(renderToString(<Everything />)).toBe(QUIET);
});

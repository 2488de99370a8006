import './support/dom.js';
import { act, cleanup, fireEvent, screen } from '@testing-library/react';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type RoomOf, useHistory } from '../src/index.js';
import { renderApp } from './support/render-app.js';
import { startServer } from './support/start-server.js';

afterEach(cleanup);

const ROOM = 'lobby:main';

function Past({ room = ROOM }: { readonly room?: RoomOf<'lobby' | 'booking'> }) {
  const { events, isLoading, error, loadOlder } = useHistory(room, { limit: 2 });
  return (
    <button type="button" onClick={() => void loadOlder()}>
      {isLoading ? 'loading' : (error?.code ?? `${events.length} events`)}
    </button>
  );
}

/** Answers one question for history itself: the first is 1. */
function failingSocket(nth: number) {
  const asked: string[] = [];
  class FailingSocket extends WebSocket {
    override send(text: string): void {
      const { type, id } = JSON.parse(text) as { readonly type: string; readonly id?: string };
      if (type === 'history') asked.push(text);
      if (type !== 'history' || asked.length !== nth) {
        super.send(text);
        return;
      }
      const error = { type: 'error', id, code: 'timeout', message: 'No answer.', retryable: false };
      queueMicrotask(() => this.emit('message', Buffer.from(JSON.stringify(error)), false));
    }
  }
  return { asked, FailingSocket };
}

test('useHistory whose newest page failed loads it when it is asked for more', async () => {
  await using server = await startServer();
  await server.hub.publish({ rooms: [ROOM], event: 'message', data: { text: 'old' } });
  const { asked, FailingSocket } = failingSocket(1);
  const options = { url: server.url, token: await server.token('ann'), WebSocket: FailingSocket };
  await using _app = renderApp(options, <Past />);
  fireEvent.click(await screen.findByText('timeout'));
  await screen.findByText('1 events');
  expect(asked).toHaveLength(2);
});

test('useHistory whose older page failed asks for it again, and keeps what it has', async () => {
  await using server = await startServer();
  for (const text of ['1', '2', '3']) await server.hub.publish({ rooms: [ROOM], event: 'message', data: { text } });
  const { FailingSocket } = failingSocket(2);
  const options = { url: server.url, token: await server.token('ann'), WebSocket: FailingSocket };
  await using _app = renderApp(options, <Past />);
  fireEvent.click(await screen.findByText('2 events'));
  fireEvent.click(await screen.findByText('timeout'));
  await screen.findByText('3 events');
});

test('useHistory of a refused room asks for no page, however often it is told to', async () => {
  await using server = await startServer();
  const { asked, FailingSocket } = failingSocket(0);
  const options = { url: server.url, token: await server.token('ann'), WebSocket: FailingSocket };
  await using _app = renderApp(options, <Past room="booking:7" />);
  fireEvent.click(await screen.findByText('forbidden'));
  await act(async () => fireEvent.click(screen.getByText('forbidden')));
  expect(asked).toEqual([]);
});

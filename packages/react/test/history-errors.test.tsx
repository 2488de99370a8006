import './support/dom.js';
import { cleanup, fireEvent, screen } from '@testing-library/react';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { useHistory } from '../src/index.js';
import { renderApp } from './support/render-app.js';
import { startServer } from './support/start-server.js';

afterEach(cleanup);

const ROOM = 'lobby:main';

function Past() {
  const { events, isLoading, error, loadOlder } = useHistory(ROOM);
  return (
    <button type="button" onClick={() => void loadOlder()}>
      {isLoading ? 'loading' : (error?.code ?? `${events.length} events`)}
    </button>
  );
}

/** Answers the first question for history itself. */
function failingSocket() {
  const asked: string[] = [];
  class FailingSocket extends WebSocket {
    override send(text: string): void {
      const { type, id } = JSON.parse(text) as { readonly type: string; readonly id?: string };
      if (type === 'history') asked.push(text);
      if (type !== 'history' || asked.length > 1) {
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
  const { asked, FailingSocket } = failingSocket();
  const options = { url: server.url, token: await server.token('ann'), WebSocket: FailingSocket };
  await using _app = renderApp(options, <Past />);
  fireEvent.click(await screen.findByText('timeout'));
  await screen.findByText('1 events');
  expect(asked).toHaveLength(2);
});

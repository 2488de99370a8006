import './support/dom.js';
import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { eventually } from '@trunkline/testkit';
import { StrictMode } from 'react';
import { renderToString } from 'react-dom/server';
import { afterEach, expect, test, vi } from 'vitest';
import { dispatchMessageByType, useWebSocket, type WebSocketMessage } from '../src/shipvox.js';
import { takeTokensFrom } from './fixtures/backend.js';
import { startServer } from './support/start-server.js';
import { stubWebSocket } from './support/stub-web-socket.js';

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const items = () => screen.queryAllByRole('listitem').map((item) => item.textContent);

function Page({ token }: { readonly token: string | null }) {
  const { status, messages, sendMessage } = useWebSocket('ws://localhost:8000/ws', { token });
  return (
    <>
      <output>{status}</output>
      <ol>
        {messages.map(({ type, requestId }) => (
          <li key={requestId}>{type}</li>
        ))}
      </ol>
      <button type="button" onClick={() => sendMessage('quote_ready', { price: 5 })}>
        send
      </button>
    </>
  );
}

test('the documented snippet runs as written: a token, a connection, messages both ways', async () => {
  await using server = await startServer();
  const stub = stubWebSocket(({ search }) => `ws://127.0.0.1:${server.port}/shipvox/ws${search}`);
  takeTokensFrom(server.token);
  const { Frontend } = await import('./fixtures/shipvox-usage.js');
  render(
    <StrictMode>
      <Frontend />
    </StrictMode>,
  );
  await screen.findByText('connected');
  fireEvent.click(screen.getByText('send'));
  fireEvent.click(screen.getByText('send whole'));
  await waitFor(() => expect(items()).toEqual(['ann: zip_collected {"zip":"90210"}', 'ann: weight_confirmed 5']));
  expect(stub.urls).toHaveLength(1);
  expect(stub.urls[0]).toMatch(/^ws:\/\/localhost:8000\/ws\?token=ey/);
});

test('a refused token is final, and another one tries again with what waited', async () => {
  await using server = await startServer();
  const stub = stubWebSocket(({ search }) => `ws://127.0.0.1:${server.port}/shipvox/ws${search}`);
  const view = render(<Page token={null} />);
  expect(screen.getByRole('status').textContent).toBe('disconnected');
  fireEvent.click(screen.getByText('send'));
  view.rerender(<Page token="nonsense" />);
  await screen.findByText('unauthorized');
  view.rerender(<Page token={await server.token('ann')} />);
  await screen.findByText('connected');
  fireEvent.click(screen.getByText('send'));
  await waitFor(() => expect(items()).toContain('quote_ready'));
  expect(stub.urls).toHaveLength(2);
});

test('comes back after a drop, and sends what was said meanwhile', async () => {
  await using server = await startServer();
  const stub = stubWebSocket(({ search }) => `ws://127.0.0.1:${server.port}/shipvox/ws${search}`);
  render(<Page token={await server.token('ann')} />);
  await screen.findByText('connected');
  stub.cut();
  await screen.findByText('disconnected');
  fireEvent.click(screen.getByText('send'));
  await waitFor(() => expect(items()).toEqual(['quote_ready']), { timeout: 3_000 });
});

test('a component that goes closes its socket, and a server render opens none', async () => {
  await using server = await startServer();
  const stub = stubWebSocket(({ search }) => `ws://127.0.0.1:${server.port}/shipvox/ws${search}`);
  const token = await server.token('ann');
  expect(renderToString(<Page token={token} />)).toContain('disconnected');
  expect(stub.urls).toEqual([]);
  const view = render(<Page token={token} />);
  await screen.findByText('connected');
  view.unmount();
  await eventually(() => server.hub.status().connections === 0);
});

test('dispatchMessageByType gives a payload to the handler of its type, and says when there is none', () => {
  const message = (type: string): WebSocketMessage => ({ type, payload: { price: 5 }, timestamp: 1, requestId: 'r' });
  const quotes: { readonly price: number }[] = [];
  const setQuote = (quote: { readonly price: number }) => void quotes.push(quote);
  expect(dispatchMessageByType(message('quote_ready'), { quote_ready: setQuote })).toBe(true);
  expect(dispatchMessageByType(message('quote_ready'), { onQuoteReady: setQuote })).toBe(true);
  expect(dispatchMessageByType(message('label_created'), { quote_ready: setQuote })).toBe(false);
  expect(dispatchMessageByType(message('constructor'), { quote_ready: setQuote })).toBe(false);
  expect(quotes).toEqual([{ price: 5 }, { price: 5 }]);
});

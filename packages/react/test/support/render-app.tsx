import { type RenderResult, render } from '@testing-library/react';
import { type Client, type ClientOptions, createClient } from '@trunkline/client';
import { type ReactNode, StrictMode } from 'react';
import { WebSocket } from 'ws';
import { TrunklineProvider } from '../../src/index.js';

export interface RenderedApp extends AsyncDisposable {
  readonly client: Client;
  readonly view: RenderResult;
  show(children: ReactNode): void;
}

/** Renders in StrictMode, with a client that ends with the test. */
export function renderApp(options: ClientOptions, children: ReactNode): RenderedApp {
  const client = createClient({ WebSocket, ...options });
  const wrap = (inner: ReactNode) => (
    <StrictMode>
      <TrunklineProvider client={client}>{inner}</TrunklineProvider>
    </StrictMode>
  );
  const view = render(wrap(children));
  return {
    client,
    view,
    show: (next) => view.rerender(wrap(next)),
    async [Symbol.asyncDispose]() {
      view.unmount();
      await client.close();
    },
  };
}

/** A client without React, for the other side of a conversation. */
export function openClient(options: ClientOptions): Client & AsyncDisposable {
  const client = createClient({ WebSocket, ...options });
  return Object.assign(Object.create(client) as Client, { [Symbol.asyncDispose]: () => client.close() });
}

import { createId } from '@trunkline/protocol';
import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { type Cell, createCell } from '../cell.js';
import { createOutbox, type Outbox, openPlainSocket, type PlainSocket } from '../plain-socket.js';
import { useLatest } from '../use-latest.js';
import { readMessage, type WebSocketMessage, type WebSocketMessageType } from './messages.js';

/** `unauthorized`: the server refused the token; another one tries again. */
export type WebSocketStatus = 'connecting' | 'connected' | 'disconnected' | 'unauthorized';

export interface UseWebSocketOptions {
  /** None yet: no connection yet. None any more: what was told and what waits is forgotten. */
  readonly token: string | null | undefined;
  /** Every message once. */
  readonly onMessage?: (message: WebSocketMessage) => void;
}

type Outgoing = Pick<WebSocketMessage, 'type' | 'payload'> & Partial<WebSocketMessage>;

export interface SendMessage {
  (message: Outgoing): void;
  (type: WebSocketMessageType | (string & {}), payload: unknown, requestId?: string): void;
}

export interface ShipvoxSocket {
  readonly status: WebSocketStatus;
  /** The newest 200, oldest first. */
  readonly messages: readonly WebSocketMessage[];
  /** Waits while there is no connection. `timestamp` and `requestId` are filled in. */
  readonly sendMessage: SendMessage;
}

interface State {
  readonly status: WebSocketStatus;
  readonly messages: readonly WebSocketMessage[];
}

const MAX_MESSAGES = 200;
const INITIAL: State = { status: 'disconnected', messages: [] };
const STATUS = {
  connecting: 'connecting',
  open: 'connected',
  waiting: 'disconnected',
  closed: 'unauthorized',
} as const;

/** A connection in the shipvox format. The token is in its URL, as that format wants it. */
export function useWebSocket(url: string, { token, onMessage }: UseWebSocketOptions): ShipvoxSocket {
  const [cell] = useState<Cell<State>>(() => createCell(INITIAL));
  const [link] = useState(createLink);
  const told = useLatest(onMessage);
  const state = useSyncExternalStore(cell.subscribe, cell.get, () => INITIAL);

  useEffect(() => {
    if (!token) {
      // The next one may be another user's.
      if (link.hadToken) {
        link.outbox.take();
        cell.set({ messages: [] });
      }
      link.hadToken = false;
      return;
    }
    link.hadToken = true;
    let isOurs = true;
    const address = `${url}${url.includes('?') ? '&' : '?'}token=${encodeURIComponent(token)}`;
    // StrictMode takes the first one down at once: only the second opens a socket.
    queueMicrotask(() => {
      if (!isOurs) return;
      cell.set({ status: 'connecting' });
      link.socket = openPlainSocket({
        url: address,
        outbox: link.outbox,
        changed: (next) => {
          if (isOurs) cell.set({ status: STATUS[next] });
        },
        received(text) {
          const message = readMessage(text);
          if (!message || !isOurs) return;
          cell.set({ messages: [...cell.get().messages.slice(1 - MAX_MESSAGES), message] });
          told.current?.(message);
        },
      });
    });
    return () => {
      isOurs = false;
      link.socket?.close();
      link.socket = undefined;
      cell.set({ status: 'disconnected' });
    };
  }, [url, token, cell, link, told]);

  const sendMessage = useCallback<SendMessage>(
    (first: Outgoing | string, payload?: unknown, requestId?: string) => {
      const message = typeof first === 'string' ? { type: first, payload, ...(requestId && { requestId }) } : first;
      const text = JSON.stringify({ timestamp: Date.now(), requestId: createId(), ...message });
      if (link.socket) link.socket.send(text);
      else link.outbox.add(text);
    },
    [link],
  );
  return useMemo(() => ({ ...state, sendMessage }), [state, sendMessage]);
}

/** The outbox stays when a token takes another's place or the URL changes, and so does what waits in it. */
interface Link {
  socket: PlainSocket | undefined;
  hadToken: boolean;
  readonly outbox: Outbox;
}

function createLink(): Link {
  return { socket: undefined, hadToken: false, outbox: createOutbox() };
}

import { createContext, type ReactNode, useContext, useEffect, useMemo, useSyncExternalStore } from 'react';
import {
  type ConnectionState,
  createFalconConnection,
  type FalconConnection,
  type FalconState,
  NOTHING,
} from './connection.js';

const ConnectionContext = createContext<FalconConnection | undefined>(undefined);

export interface WebSocketProviderProps {
  /** Such as `import.meta.env.VITE_WS_URL`. @default `/websocket/connect` of the page's own host */
  readonly url?: string | undefined;
  /** False: no connection, as when nobody is logged in; what was told and what waits is forgotten. @default true */
  readonly enabled?: boolean;
  readonly children?: ReactNode;
}

/** One connection for everything below. The cookie says who the user is. */
export function WebSocketProvider({ url = '', enabled = true, children }: WebSocketProviderProps): ReactNode {
  const connection = useMemo(() => createFalconConnection(url || ownHost()), [url]);
  useEffect(() => (enabled ? connection.retain() : undefined), [connection, enabled]);
  return <ConnectionContext.Provider value={connection}>{children}</ConnectionContext.Provider>;
}

function ownHost(): string {
  return typeof location === 'undefined' ? '' : `${location.origin.replace(/^http/, 'ws')}/websocket/connect`;
}

const nobody = () => () => undefined;

export function useFalconConnection(): FalconConnection | undefined {
  return useContext(ConnectionContext);
}

export function useFalconState(): FalconState {
  const cell = useFalconConnection()?.state;
  return useSyncExternalStore(
    cell?.subscribe ?? nobody,
    () => cell?.get() ?? NOTHING,
    () => NOTHING,
  );
}

export interface WebSocketStatus {
  readonly isConnected: boolean;
  readonly connectionState: ConnectionState;
}

/** How the connection is. */
export function useWebSocketStatus(): WebSocketStatus {
  const { connectionState } = useFalconState();
  return useMemo(() => ({ isConnected: connectionState === 'connected', connectionState }), [connectionState]);
}

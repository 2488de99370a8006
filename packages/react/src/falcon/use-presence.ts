import { useCallback, useMemo } from 'react';
import { useFalconConnection, useFalconState } from './provider.js';

export interface UsePresenceOptions {
  /** Whose status `myStatus` is. */
  readonly userId: string | undefined;
}

export interface FalconPresence {
  /** Tells all my groups; told again when the connection comes back. */
  readonly updatePresence: (status: 'online' | 'away' | 'busy' | 'offline' | (string & {})) => void;
  /** Status by user id. */
  readonly presence: Readonly<Record<string, string>>;
  readonly myStatus: string;
}

/** Who is how, in the rooms this page is in. */
export function usePresence({ userId }: UsePresenceOptions): FalconPresence {
  const connection = useFalconConnection();
  const { presence, myStatus: told, connectionState } = useFalconState();
  const heard = userId === undefined ? undefined : presence[userId];
  const myStatus = told ?? heard ?? (connectionState === 'connected' ? 'online' : 'offline');
  const updatePresence = useCallback((status: string) => connection?.setStatus(status), [connection]);
  return useMemo(() => ({ updatePresence, presence, myStatus }), [updatePresence, presence, myStatus]);
}

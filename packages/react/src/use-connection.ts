import type { ConnectionState, Explanation, QueueStatus, Status } from '@trunkline/client';
import { useCallback, useMemo, useSyncExternalStore } from 'react';
import { useClient } from './provider.js';

export interface Connection {
  /** `open` is the only one in which messages travel. */
  readonly status: Status;
  /** With what belongs to the status: the user when open; cause and delay when waiting; the reason when closed. */
  readonly state: ConnectionState;
  /** The signed-in user, as the server said. */
  readonly userId: string | undefined;
  /** What waits to be sent or answered. */
  readonly queue: QueueStatus;
  /** What happened and why, asked now. */
  readonly explain: () => Explanation;
  /** Connects at once, whatever the state; after `closed` too. */
  readonly reconnect: () => Promise<void>;
}

const IDLE: ConnectionState = { status: 'idle' };
const NOTHING: QueueStatus = { length: 0, bytes: 0, oldest: undefined };
const NO_EXPLANATION: Explanation = { state: IDLE, nextAttemptAt: undefined, timeline: [], rooms: [], queue: NOTHING };
const nothing = () => {};

/** How the connection is, and why. */
export function useConnection(): Connection {
  const client = useClient();
  const state = useSyncExternalStore(
    useCallback((changed) => client?.on('state', changed) ?? nothing, [client]),
    () => client?.state ?? IDLE,
    () => IDLE,
  );
  const queue = useSyncExternalStore(
    useCallback((changed) => client?.queue.on(changed) ?? nothing, [client]),
    () => client?.queue.status ?? NOTHING,
    () => NOTHING,
  );
  return useMemo(
    () => ({
      status: state.status,
      state,
      userId: state.status === 'idle' ? undefined : client?.userId,
      queue,
      explain: () => client?.explain() ?? NO_EXPLANATION,
      reconnect: async () => client?.reconnect(),
    }),
    [client, state, queue],
  );
}

import type { QueuedPublish } from '@trunkline/client';
import { useCallback, useSyncExternalStore } from 'react';
import { useClient } from './provider.js';

const NOTHING: readonly QueuedPublish[] = [];
const nothing = () => {};

/** The publishes that wait or are under way, oldest first; after a reload, what was stored too. */
export function useQueue(): readonly QueuedPublish[] {
  const client = useClient();
  return useSyncExternalStore(
    useCallback((changed) => client?.queue.on(changed) ?? nothing, [client]),
    () => client?.queue.items ?? NOTHING,
    () => NOTHING,
  );
}

import { useConnection, usePresence } from '@trunkline/react';
import { useSyncExternalStore } from 'react';
import { Avatar } from './avatar.js';
import { ROOM } from './chat-client.js';

export function People({ me }: { readonly me: string }) {
  const isAway = useIsHidden();
  const { members } = usePresence(ROOM, { isAway });
  const isCurrent = useConnection().status === 'open';
  const sorted = members.toSorted((a, b) => a.userId.localeCompare(b.userId));
  return (
    <aside className={isCurrent ? '' : 'stale'}>
      <h2>{members.length === 0 ? 'People' : `People (${members.length})`}</h2>
      <ul aria-label="People">
        {sorted.map(({ userId, state }) => (
          <li key={userId}>
            <Avatar name={userId} />
            <span className="person">{userId === me ? `${userId} (you)` : userId}</span>
            <span className={isAwayState(state) ? 'dot away' : 'dot'} title={isAwayState(state) ? 'Away' : 'Here'} />
          </li>
        ))}
      </ul>
    </aside>
  );
}

function isAwayState(state: unknown): boolean {
  return typeof state === 'object' && state !== null && 'isAway' in state && state.isAway === true;
}

function useIsHidden(): boolean {
  return useSyncExternalStore(
    (changed) => {
      document.addEventListener('visibilitychange', changed);
      return () => document.removeEventListener('visibilitychange', changed);
    },
    () => document.hidden,
  );
}

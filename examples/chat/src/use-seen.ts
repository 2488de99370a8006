import { useReceipts } from '@trunkline/react';
import { useEffect, useMemo } from 'react';
import { ROOM } from './chat-client.js';

const list = new Intl.ListFormat('en');

/** By offset, "Seen by …" for those who have read up to there. Tells that I have read up to `newest`. */
export function useSeen(me: string, newest: number | undefined): ReadonlyMap<number, string> {
  const { cursors, read } = useReceipts(ROOM);

  useEffect(() => {
    const tell = () => {
      if (newest !== undefined && !document.hidden) read(newest);
    };
    tell();
    document.addEventListener('visibilitychange', tell);
    return () => document.removeEventListener('visibilitychange', tell);
  }, [newest, read]);

  return useMemo(() => {
    const readers = new Map<number, string[]>();
    for (const { userId, read: offset } of cursors) {
      if (userId === me || !offset) continue;
      readers.set(offset, [...(readers.get(offset) ?? []), userId]);
    }
    return new Map([...readers].map(([offset, names]) => [offset, `Seen by ${list.format(names.sort())}`]));
  }, [cursors, me]);
}

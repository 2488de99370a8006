import { useReceipts } from '@trunkline/react';
import { useEffect } from 'react';
import { ROOM } from './chat-client.js';

const list = new Intl.ListFormat('en');

/** Under the last of my messages (their offsets, rising) that each has read: "Seen by …". */
export function useSeen(me: string, mine: readonly number[]): ReadonlyMap<number, string> {
  const { cursors } = useReceipts(ROOM);
  const readers = new Map<number, string[]>();
  for (const { userId, read = 0 } of cursors) {
    const seen = mine.findLast((offset) => offset <= read);
    if (userId !== me && seen !== undefined) readers.set(seen, [...(readers.get(seen) ?? []), userId]);
  }
  return new Map([...readers].map(([offset, names]) => [offset, `Seen by ${list.format(names.sort())}`]));
}

/** Tells that I have read up to `newest`, once I can have seen it. */
export function useReading(newest: number | undefined): void {
  const { read } = useReceipts(ROOM);
  useEffect(() => {
    const tell = () => {
      if (newest !== undefined && !document.hidden) read(newest);
    };
    tell();
    document.addEventListener('visibilitychange', tell);
    return () => document.removeEventListener('visibilitychange', tell);
  }, [newest, read]);
}

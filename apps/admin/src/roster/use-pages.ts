import { useCallback, useEffect, useState } from 'react';
import type { Page } from '../api.js';

const LIMIT = 50;
/** While somebody types, only the last search is asked for. */
const DEBOUNCE_MS = 250;
/** The shown page is asked for again. */
const EVERY_MS = 5_000;

export interface Pages<T> {
  readonly items: readonly T[];
  readonly page: number;
  readonly trouble: string | null;
  readonly isLoading: boolean;
  readonly search: string;
  setSearch(text: string): void;
  /** Absent: there is none. */
  readonly next?: () => void;
  readonly previous?: () => void;
  reload(): void;
}

/** One page at a time of a list that only the server has, searched by prefix. */
export function usePages<T>(load: (query: string) => Promise<Page<T>>): Pages<T> {
  const [search, setSearch] = useState('');
  /** Where each page up to the shown one begins; null: the start. */
  const [cursors, setCursors] = useState<readonly (string | null)[]>([null]);
  const [shown, setShown] = useState<Page<T>>({ items: [], next: null });
  const [trouble, setTrouble] = useState<string | null>(null);
  const [isLoading, setLoading] = useState(true);
  const [round, setRound] = useState(0);
  const cursor = cursors.at(-1) ?? null;

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new round is a wish to see the page anew
  useEffect(() => {
    let isOver = false;
    let timer = setTimeout(
      () => {
        const query = new URLSearchParams({
          limit: String(LIMIT),
          ...(search === '' ? {} : { prefix: search }),
          ...(cursor === null ? {} : { cursor }),
        });
        load(query.toString()).then(
          (page) => {
            if (isOver) return;
            setShown(page);
            setTrouble(null);
            settle();
          },
          (error: unknown) => {
            if (isOver) return;
            setTrouble(error instanceof Error ? error.message : String(error));
            settle();
          },
        );
      },
      search === '' ? 0 : DEBOUNCE_MS,
    );
    function settle(): void {
      setLoading(false);
      timer = setTimeout(() => setRound((before) => before + 1), EVERY_MS);
    }
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [load, search, cursor, round]);

  const go = useCallback((to: readonly (string | null)[]) => {
    setLoading(true);
    setCursors(to);
  }, []);
  const { next } = shown;
  return {
    items: shown.items,
    page: cursors.length,
    trouble,
    isLoading,
    search,
    setSearch: useCallback(
      (text: string) => {
        setSearch(text);
        go([null]);
      },
      [go],
    ),
    reload: useCallback(() => {
      setLoading(true);
      setRound((before) => before + 1);
    }, []),
    // Of the page before, while another one comes: a second click would count that one twice.
    ...(next === null || isLoading ? {} : { next: () => go([...cursors, next]) }),
    ...(cursors.length === 1 ? {} : { previous: () => go(cursors.slice(0, -1)) }),
  };
}

import { useCallback, useEffect, useState } from 'react';
import type { Page } from '../api.js';

const LIMIT = 50;
/** While somebody types, only the last search is asked for. */
const DEBOUNCE_MS = 250;

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
    setLoading(true);
    const timer = setTimeout(
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
            setLoading(false);
          },
          (error: unknown) => {
            if (isOver) return;
            setTrouble(error instanceof Error ? error.message : String(error));
            setLoading(false);
          },
        );
      },
      search === '' ? 0 : DEBOUNCE_MS,
    );
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [load, search, cursor, round]);

  const { next } = shown;
  return {
    items: shown.items,
    page: cursors.length,
    trouble,
    isLoading,
    search,
    setSearch: useCallback((text: string) => {
      setSearch(text);
      setCursors([null]);
    }, []),
    reload: useCallback(() => setRound((before) => before + 1), []),
    ...(next === null ? {} : { next: () => setCursors([...cursors, next]) }),
    ...(cursors.length === 1 ? {} : { previous: () => setCursors(cursors.slice(0, -1)) }),
  };
}

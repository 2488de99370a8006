import { useEffect, useState } from 'react';
import { getOverview, type Overview, Refusal } from './api.js';
import { type Sample, sampleOf } from './samples.js';

const EVERY_MS = 2_000;
/** Five minutes. */
const KEPT = 150;

export interface Watched {
  readonly overview: Overview;
  readonly samples: readonly Sample[];
  /** Why there is nothing newer. */
  readonly trouble: string | null;
}

/** Asks again and again while the page is looked at. `onSignedOut`: the session ended. */
export function useOverview(onSignedOut: () => void): Watched | null {
  const [watched, setWatched] = useState<Watched | null>(null);
  useEffect(() => {
    let last: { readonly overview: Overview; readonly at: number } | undefined;
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    async function ask(): Promise<void> {
      try {
        const overview = await getOverview();
        if (isOver) return;
        const at = Date.now();
        const sample = last && sampleOf(last.overview, overview, at, at - last.at);
        last = { overview, at };
        setWatched((before) => ({
          overview,
          samples: sample ? [...(before?.samples ?? []).slice(1 - KEPT), sample] : (before?.samples ?? []),
          trouble: null,
        }));
      } catch (error) {
        if (isOver) return;
        if (error instanceof Refusal && (error.status === 401 || error.status === 403)) return onSignedOut();
        const trouble = error instanceof Error ? error.message : String(error);
        setWatched((before) => before && { ...before, trouble });
      }
      timer = setTimeout(() => void ask(), EVERY_MS);
    }
    void ask();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [onSignedOut]);
  return watched;
}

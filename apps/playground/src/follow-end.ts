import { useEffect, useRef } from 'react';

/** Keeps the newest in sight, unless somebody scrolled up to read. */
export function useFollowEnd(content: unknown) {
  const viewport = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  useEffect(() => {
    const element = viewport.current;
    if (!element) return;
    const watch = () => {
      follows.current = element.scrollHeight - element.scrollTop - element.clientHeight < 40;
    };
    element.addEventListener('scroll', watch);
    return () => element.removeEventListener('scroll', watch);
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it scrolls when there is more to see
  useEffect(() => {
    if (follows.current && viewport.current) viewport.current.scrollTop = viewport.current.scrollHeight;
  }, [content]);
  return viewport;
}

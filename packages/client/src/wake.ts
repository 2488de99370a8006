/** Tells when the machine or the page comes back: online, visible, shown again. Nothing where there is no page. */
export function onWake(run: () => void): () => void {
  const target = globalThis;
  if (typeof target.addEventListener !== 'function') return () => {};
  const page = typeof document === 'undefined' ? undefined : document;
  const visible = () => {
    if (page?.visibilityState === 'visible') run();
  };
  target.addEventListener('online', run);
  target.addEventListener('pageshow', run);
  page?.addEventListener('visibilitychange', visible);
  return () => {
    target.removeEventListener('online', run);
    target.removeEventListener('pageshow', run);
    page?.removeEventListener('visibilitychange', visible);
  };
}

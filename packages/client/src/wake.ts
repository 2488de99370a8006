interface Target {
  addEventListener?(type: string, listener: () => void, options: { readonly signal: AbortSignal }): void;
}

/** Tells when the machine or the page comes back: online, visible, shown again. Nothing where there is no page. */
export function onWake(run: () => void): () => void {
  const controller = new AbortController();
  const page: Document | undefined = globalThis.document;
  const wake = () => {
    if (page?.visibilityState !== 'hidden') run();
  };
  const listen = (target: Target | undefined, type: string) => target?.addEventListener?.(type, wake, controller);
  listen(globalThis, 'online');
  listen(globalThis, 'pageshow');
  listen(page, 'visibilitychange');
  return () => controller.abort();
}

interface Target {
  addEventListener?(type: string, listener: () => void): void;
  removeEventListener?(type: string, listener: () => void): void;
}

/** Tells when the machine or the page comes back: online, visible, shown again. Nothing where there is no page. */
export function onWake(run: () => void): () => void {
  const page: Document | undefined = globalThis.document;
  const sources: readonly (readonly [Target | undefined, string])[] = [
    [globalThis, 'online'],
    [globalThis, 'pageshow'],
    [page, 'visibilitychange'],
  ];
  const wake = () => {
    if (page?.visibilityState !== 'hidden') run();
  };
  for (const [target, type] of sources) target?.addEventListener?.(type, wake);
  return () => {
    for (const [target, type] of sources) target?.removeEventListener?.(type, wake);
  };
}

import { type RefObject, useInsertionEffect, useRef } from 'react';

/** The newest committed value, for callbacks that come later: an inline `onEvent` needs no new subscription. */
export function useLatest<T>(value: T): RefObject<T> {
  const ref = useRef(value);
  useInsertionEffect(() => {
    ref.current = value;
  });
  return ref;
}

import { DEFAULT_LIMITS } from './limits.js';

/** What makes parsed JSON unacceptable: nesting, width, a number JSON can not carry back, or a key that could reach a prototype. */
export interface JsonFlaw {
  readonly path: string;
  readonly reason: 'too_deep' | 'too_wide' | 'forbidden_key' | 'not_finite';
}

/**
 * Walks parsed JSON once. V8's parser takes any depth and 1e400, its serialiser overflows on one and turns the other
 * into null; `__proto__`, `constructor` and `prototype` as keys pollute whoever merges them (RELIABILITY S27, S28).
 *
 * @returns null when the value is plain data.
 */
export function inspectJson(value: unknown, maxDepth: number, path = 'data'): JsonFlaw | null {
  if (typeof value === 'number') return Number.isFinite(value) ? null : { path, reason: 'not_finite' };
  if (typeof value !== 'object' || value === null) return null;
  if (maxDepth === 0) return { path, reason: 'too_deep' };
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const flaw = inspectJson(value[index], maxDepth - 1, path);
      if (flaw) return flaw;
    }
    return null;
  }
  let keys = 0;
  for (const key in value) {
    if (++keys > DEFAULT_LIMITS.jsonKeys) return { path, reason: 'too_wide' };
    if (key === '__proto__' || key === 'constructor' || key === 'prototype') return { path, reason: 'forbidden_key' };
    const flaw = inspectJson((value as Record<string, unknown>)[key], maxDepth - 1, path);
    if (flaw) return flaw;
  }
  return null;
}

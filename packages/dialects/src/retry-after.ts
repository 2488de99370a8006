import type { TrunklineError } from '@trunkline/protocol';

const RETRY_AFTER_MS = 5_000;

/** The header of a 429 or 503: the error's own time, or as long as the router says for too many of one address. */
export function retryAfter({ retryAfterMs = RETRY_AFTER_MS }: TrunklineError): { readonly 'Retry-After': string } {
  return { 'Retry-After': String(Math.ceil(retryAfterMs / 1_000)) };
}

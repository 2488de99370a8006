import { hash } from 'node:crypto';
import { surelyFits } from '../hub/json-size.js';

/** Data that takes more than this is kept as a digest. */
const SMALL_BYTES = 8_192;

/** Tells the data of one key apart; 43 characters. */
export function digestData(data: unknown): string {
  return hash('sha256', JSON.stringify(data) ?? '', 'base64url');
}

class Digest {
  constructor(readonly text: string) {}
}

/** What is kept of data to know it again: small data as it is, for a digest costs more than most requests. */
export function condense(data: unknown): unknown {
  return surelyFits(data, SMALL_BYTES) ? data : new Digest(digestData(data));
}

export function isSameData(kept: unknown, data: unknown): boolean {
  return kept instanceof Digest ? kept.text === digestData(data) : JSON.stringify(kept) === JSON.stringify(data);
}

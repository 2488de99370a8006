import { hash } from 'node:crypto';
import type { Publication } from '../seams/broker.js';

/** Tells two payloads of one idempotency key apart: what is logged is the event's name and its data as JSON. */
export function digestPayload({ event, data }: Pick<Publication, 'data' | 'event'>): string {
  return hash('sha256', `${event}\n${JSON.stringify(data) ?? ''}`, 'base64url');
}

import { randomBytes } from 'node:crypto';
import { nowMicros } from './meter.js';

/** The `data` of a message, as JSON text of about so many bytes, with the time of its making first. */
export function messageData(bytes: number): string {
  return `{"t":${nowMicros()},"text":"${'x'.repeat(Math.max(0, bytes - 32))}"}`;
}

const PROCESS = randomBytes(11).toString('hex');
let published = 0;

/** A publish id that no other publish of this process has: 32 hexadecimal digits, as the SDK makes them. */
export function nextId(): string {
  published += 1;
  return PROCESS + published.toString(16).padStart(10, '0');
}

import { nowMicros } from './meter.js';

/** The `data` of a message, as JSON text of about so many bytes, with the time of its making first. */
export function messageData(bytes: number): string {
  return `{"t":${nowMicros()},"text":"${'x'.repeat(Math.max(0, bytes - 32))}"}`;
}

let published = 0;

/** A publish id that no other publish of this process has. */
export function nextId(): string {
  published += 1;
  return `p${published.toString(36)}`;
}

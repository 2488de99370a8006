import type { ServerFrame } from './frames.js';

/**
 * Reads one text frame of the server. Clients ignore what they do not know, so anything that is no object with a
 * `type` is null, never an error.
 */
export function decodeServerFrame(text: string): ServerFrame | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string'
      ? (value as ServerFrame)
      : null;
  } catch {
    return null;
  }
}

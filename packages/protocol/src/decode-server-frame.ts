import type { ServerFrame } from './frames.js';

/**
 * Reads one text frame of the server. Clients ignore what they do not know, so anything that is no object with a
 * `type` is null, never an error.
 */
export function decodeServerFrame(text: string): ServerFrame | null {
  try {
    const value = JSON.parse(text) as ServerFrame | null;
    return typeof value?.type === 'string' ? value : null;
  } catch {
    return null;
  }
}

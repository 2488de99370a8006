import type { ServerFrame } from './server-frames.js';

/**
 * Reads one text message of the server: a frame, or the array of frames that a client gets that asked for batches.
 * Clients ignore what they do not know, so anything that is no object with a `type` is null, never an error.
 */
export function decodeServerFrames(text: string): readonly (ServerFrame | null)[] {
  try {
    const frames = [JSON.parse(text)].flat() as (ServerFrame | null)[];
    return frames.map((frame) => (typeof frame?.type === 'string' ? frame : null));
  } catch {
    return [null];
  }
}

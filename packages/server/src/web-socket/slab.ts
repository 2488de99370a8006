const SLAB_BYTES = 32 * 1_024;
/** Larger ones would leave much of a slab unused. */
const MAX_SHARED_BYTES = 4_096;

let slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
let used = 0;

/**
 * Uninitialised bytes for a frame. Frames live for about a turn of the event loop, so they may share larger blocks than
 * Node's own pool of 8 kB has: making and collecting blocks was 5 % of a publish.
 */
export function takeBytes(length: number): Buffer {
  if (length > MAX_SHARED_BYTES) return Buffer.allocUnsafeSlow(length);
  if (used + length > SLAB_BYTES) {
    slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
    used = 0;
  }
  const start = used;
  used += length;
  return slab.subarray(start, used);
}

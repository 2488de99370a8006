import type { FrameList } from './frame-list.js';

const BLOCK_BYTES = 131_072;

/**
 * All frames of a list in one Buffer. The socket has mostly taken them when the next list comes, and then that is joined
 * in the same place: fresh memory for each list cost more than the copying.
 */
export class Joiner {
  #block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  /** Where bytes begin that nobody needs but the links with `#list`. */
  #free = 0;
  #list: FrameList | null = null;
  #bytes: Buffer = this.#block;

  /** The very frame when there is one. Valid until the next list, unless it is kept. */
  join(list: FrameList): Buffer {
    if (list.only !== null) return list.only;
    if (list === this.#list) return this.#bytes;
    this.#bytes = this.#place(list.bytes);
    this.#list = list;
    list.copyTo(this.#bytes);
    return this.#bytes;
  }

  /** A socket has not taken these bytes yet: they stay as they are. */
  keep(bytes: Buffer): void {
    if (bytes.buffer === this.#block.buffer) this.#free = Math.max(this.#free, bytes.byteOffset + bytes.length);
  }

  #place(length: number): Buffer {
    if (length > BLOCK_BYTES) return Buffer.allocUnsafeSlow(length);
    if (this.#free + length > BLOCK_BYTES) {
      this.#block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
      this.#free = 0;
    }
    return this.#block.subarray(this.#free, this.#free + length);
  }
}

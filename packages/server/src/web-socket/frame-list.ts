import { takeBytes } from './slab.js';

/**
 * What a link has to send, oldest first. A list never changes: a longer one is made from it and remembered, so that
 * links which are given the same frames hold the same list, and its bytes are joined once for all of them.
 */
export class FrameList {
  readonly count: number;
  readonly bytes: number;
  #longer: FrameList | null = null;
  #joined: Buffer | null = null;

  constructor(
    private readonly shorter: FrameList | null,
    readonly frame: Buffer,
  ) {
    this.count = shorter === null ? 1 : shorter.count + 1;
    this.bytes = shorter === null ? frame.length : shorter.bytes + frame.length;
  }

  with(frame: Buffer): FrameList {
    if (this.#longer?.frame !== frame) this.#longer = new FrameList(this, frame);
    return this.#longer;
  }

  /** All frames in one Buffer; the very frame when there is one. */
  joined(): Buffer {
    if (this.shorter === null) return this.frame;
    if (this.#joined === null) {
      const joined = takeBytes(this.bytes);
      let end = this.bytes;
      for (let list: FrameList | null = this; list !== null; list = list.shorter) {
        end -= list.frame.length;
        list.frame.copy(joined, end);
      }
      this.#joined = joined;
    }
    return this.#joined;
  }

  frames(): Buffer[] {
    const frames: Buffer[] = [];
    for (let list: FrameList | null = this; list !== null; list = list.shorter) frames.push(list.frame);
    return frames.reverse();
  }
}

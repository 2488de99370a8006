import { DEFAULT_LIMITS } from '@trunkline/protocol';
import { headerBytesOf, jsonArrayFrame } from './text-frame.js';

/** Answers from which their receiver goes on: a history continues with the next event, as a join does. */
const ALONE = ['{"type":"joined"', '{"type":"response"'];
const TYPE_AT = '{"type":"'.length;

/**
 * What a link has to send, oldest first. A list never changes: a longer one is made from it and remembered, so that
 * links which are given the same frames hold the same list, and its bytes are joined once for all of them ({@link Joiner}).
 */
export class FrameList {
  readonly count: number;
  readonly bytes: number;
  #longer: FrameList | null = null;
  #batched: FrameList | null = null;

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

  /** The very frame when there is one. */
  get only(): Buffer | null {
    return this.shorter === null ? this.frame : null;
  }

  /** Writes all frames to the start of `target`. */
  copyTo(target: Buffer): void {
    let end = this.bytes;
    for (let list: FrameList | null = this; list !== null; list = list.shorter) {
      end -= list.frame.length;
      list.frame.copy(target, end);
    }
  }

  /** As few messages, each a JSON array of frames, for peers that asked for them; the very frame when there is one. */
  batched(): FrameList {
    if (this.shorter === null) return this;
    this.#batched ??= batch(this.frames());
    return this.#batched ?? this;
  }

  frames(): Buffer[] {
    const frames: Buffer[] = [];
    for (let list: FrameList | null = this; list !== null; list = list.shorter) frames.push(list.frame);
    return frames.reverse();
  }
}

/**
 * Each message takes as many frames as its bounds allow; the answers of ALONE stay alone. A frame is longer than what it
 * adds to an array.
 */
function batch(frames: readonly Buffer[]): FrameList | null {
  const { batchBytes, batchFrames } = DEFAULT_LIMITS;
  let list: FrameList | null = null;
  let start = 0;
  let bytes = 0;
  for (const [index, frame] of frames.entries()) {
    const end = index + 1;
    const next = frames[end];
    bytes += frame.length;
    const hasRoom = end - start < batchFrames && bytes + (next?.length ?? 0) <= batchBytes;
    if (next !== undefined && hasRoom && !staysAlone(frame) && !staysAlone(next)) continue;
    list = new FrameList(list, end - start === 1 ? frame : jsonArrayFrame(frames.slice(start, end)));
    start = end;
    bytes = 0;
  }
  return list;
}

/** In a browser whoever awaited an answer listens before the next message is handled, but not before the next frame of one. */
function staysAlone(frame: Buffer): boolean {
  const start = headerBytesOf(frame);
  const first = frame[start + TYPE_AT];
  // The first look is free, and enough for nearly all.
  return ALONE.some(
    (head) => head.charCodeAt(TYPE_AT) === first && frame.toString('latin1', start, start + head.length) === head,
  );
}

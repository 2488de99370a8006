import type { Observer } from '../seams/observer.js';

/** A link as the outbox sees it. */
export interface OutboxLink {
  /** Hands over everything queued and forgets it. */
  takeQueued(): readonly Buffer[];
  /** One system call: `joined` is all of `frames` in one Buffer. */
  write(joined: Buffer, frames: readonly Buffer[]): void;
}

/** Collects what links queue within one turn of the event loop and writes each of them once. */
export interface Outbox {
  /** Call once when a link's queue stops being empty. */
  add(link: OutboxLink): void;
  /** Writes one link now, ahead of its turn: before its close. */
  flush(link: OutboxLink): void;
}

/**
 * A loopback write costs about 7.5 µs whatever its size, so frames of one turn leave in one write, and links with the
 * same list share one joined Buffer: in a burst to a room every member has the same list.
 */
export function createOutbox(observer: Observer = {}): Outbox {
  let dirty: OutboxLink[] = [];
  let lastFrames: readonly Buffer[] = [];
  let lastJoined: Buffer = Buffer.alloc(0);

  function join(frames: readonly Buffer[]): Buffer {
    const [first] = frames;
    if (frames.length === 1 && first !== undefined) return first;
    if (!isSameList(frames, lastFrames)) {
      lastFrames = frames;
      lastJoined = Buffer.concat(frames);
    }
    return lastJoined;
  }

  function flush(link: OutboxLink): void {
    const frames = link.takeQueued();
    if (frames.length === 0) return;
    const joined = join(frames);
    link.write(joined, frames);
    observer.framesSent?.(frames.length, joined.length);
  }

  function flushTurn(): void {
    const links = dirty;
    dirty = [];
    for (const link of links) flush(link);
    lastFrames = [];
    lastJoined = Buffer.alloc(0);
  }

  return {
    add(link) {
      if (dirty.length === 0) setImmediate(flushTurn);
      dirty.push(link);
    },
    flush,
  };
}

function isSameList(left: readonly Buffer[], right: readonly Buffer[]): boolean {
  if (left.length !== right.length) return false;
  // Lists that differ mostly differ at the end: a member's own ack comes after what all of them got.
  for (let index = left.length - 1; index >= 0; index--) {
    if (left[index] !== right[index]) return false;
  }
  return true;
}

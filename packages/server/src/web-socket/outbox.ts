import type { Observer } from '../seams/observer.js';
import { FrameList } from './frame-list.js';
import { Joiner } from './joiner.js';

/** A link as the outbox sees it. */
export interface OutboxLink {
  /** Hands over everything queued and forgets it. */
  takeQueued(): FrameList | null;
  /** One system call. */
  write(frames: FrameList, joiner: Joiner): void;
}

/** Collects what links queue within one turn of the event loop and writes each of them once. */
export interface Outbox {
  /** A link with so much queued is written at once, ahead of its turn. */
  readonly writeBytes: number;
  /** What the link has queued with a frame more; the link is written in its turn. */
  add(link: OutboxLink, queued: FrameList | null, frame: Buffer): FrameList;
  /** Writes one link now, ahead of its turn: before its close, or when it has queued `writeBytes`. */
  flush(link: OutboxLink): void;
}

/**
 * A write gains nothing from more. What a busy turn queues must not look like the backlog of a slow reader, so it is less
 * under a low bound.
 */
const WRITE_BYTES = 65_536;
/** From so many links on, a turn looks for more input before it writes. */
const LARGE_TURN = 64;
/** It looks for so long at most. */
const MAX_WAIT_MS = 2;

/**
 * A loopback write costs about 7.5 µs whatever its size, so frames of one turn leave in one write, and links with the
 * same list share one joined Buffer: in a burst to a room every member has the same list. When many links wait, what
 * else has already arrived is read first, as long as that adds frames: writing to a thousand links takes longer.
 */
export function createOutbox(observer: Observer = {}, maxQueueBytes = Number.POSITIVE_INFINITY): Outbox {
  const joiner = new Joiner();
  let dirty: OutboxLink[] = [];
  let first: FrameList | null = null;
  let added = 0;
  let addedBefore = 0;
  let waitingSince = 0;

  function flush(link: OutboxLink): FrameList | null {
    const frames = link.takeQueued();
    if (frames !== null) link.write(frames, joiner);
    return frames;
  }

  function mayWait(): boolean {
    if (dirty.length < LARGE_TURN || added === addedBefore) return false;
    addedBefore = added;
    const now = performance.now();
    if (waitingSince === 0) waitingSince = now;
    return now - waitingSince < MAX_WAIT_MS;
  }

  function flushTurn(): void {
    if (mayWait()) {
      setImmediate(flushTurn);
      return;
    }
    const links = dirty;
    dirty = [];
    first = null;
    waitingSince = 0;
    let frames = 0;
    let bytes = 0;
    let writes = 0;
    for (const link of links) {
      const flushed = flush(link);
      if (flushed === null) continue;
      frames += flushed.count;
      bytes += flushed.bytes;
      writes += 1;
    }
    if (writes > 0) observer.framesSent?.(frames, bytes, writes);
  }

  return {
    writeBytes: Math.min(WRITE_BYTES, maxQueueBytes / 4),
    add(link, queued, frame) {
      added += 1;
      if (queued !== null) return queued.with(frame);
      if (dirty.length === 0) setImmediate(flushTurn);
      dirty.push(link);
      if (first?.frame !== frame) first = new FrameList(null, frame);
      return first;
    },
    flush(link) {
      const flushed = flush(link);
      if (flushed !== null) observer.framesSent?.(flushed.count, flushed.bytes, 1);
    },
  };
}

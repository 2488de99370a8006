import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import type { FrameList } from '../../src/web-socket/frame-list.js';
import type { Joiner } from '../../src/web-socket/joiner.js';
import { createOutbox, type Outbox, type OutboxLink } from '../../src/web-socket/outbox.js';

class RecordingLink implements OutboxLink {
  readonly writes: Buffer[] = [];
  readonly written: string[] = [];
  #queued: FrameList | null = null;
  constructor(private readonly outbox: Outbox) {}
  send(frame: Buffer): void {
    this.#queued = this.outbox.add(this, this.#queued, frame);
  }
  takeQueued(): FrameList | null {
    const queued = this.#queued;
    this.#queued = null;
    return queued;
  }
  write(frames: FrameList, joiner: Joiner): void {
    const bytes = joiner.join(frames);
    this.writes.push(bytes);
    this.written.push(bytes.toString());
  }
}

const [a, b, c] = ['a', 'b', 'c'].map((text) => Buffer.from(text));

describe('the outbox', () => {
  it('writes once what a link queued in one turn, in order', async () => {
    const outbox = createOutbox();
    const link = new RecordingLink(outbox);
    for (const frame of [a, b, c]) if (frame) link.send(frame);
    expect(link.writes).toEqual([]);
    await turn();
    expect(link.writes.map(String)).toEqual(['abc']);
  });

  it('writes the very Buffer when there is one frame', async () => {
    const outbox = createOutbox();
    const links = [new RecordingLink(outbox), new RecordingLink(outbox)];
    for (const link of links) if (a) link.send(a);
    await turn();
    expect(links.map(({ writes }) => writes[0] === a)).toEqual([true, true]);
  });

  it('joins a list once for all links that have it, and never across different ones', async () => {
    const outbox = createOutbox();
    const [one, two, other] = [new RecordingLink(outbox), new RecordingLink(outbox), new RecordingLink(outbox)];
    if (!a || !b || !c) throw new Error('no frames');
    for (const link of [one, two]) {
      link.send(a);
      link.send(b);
    }
    other.send(a);
    other.send(c);
    await turn();
    expect(one.writes[0]).toBe(two.writes[0]);
    expect(one.written).toEqual(['ab']);
    expect(other.written).toEqual(['ac']);
  });

  it('takes up what a write causes to be queued in the next turn', async () => {
    const outbox = createOutbox();
    const link = new RecordingLink(outbox);
    const first = new RecordingLink(outbox);
    if (!a) throw new Error('no frame');
    first.write = () => link.send(a);
    first.send(a);
    await turn();
    await turn();
    expect(link.writes.map(String)).toEqual(['a']);
  });

  it('reads on before it writes to many links, as long as that adds frames', async () => {
    const outbox = createOutbox();
    if (!a || !b) throw new Error('no frames');
    const links = Array.from({ length: 100 }, () => new RecordingLink(outbox));
    for (const link of links) link.send(a);
    // Comes after the outbox's first look and before its second.
    await turn();
    expect(links[0]?.writes).toEqual([]);
    links[0]?.send(b);
    await vi.waitUntil(() => links.every(({ writes }) => writes.length > 0));
    expect(links[0]?.writes.map(String)).toEqual(['ab']);
    expect(links[99]?.writes.map(String)).toEqual(['a']);
  });

  it('keeps no list for links that were written', async () => {
    const outbox = createOutbox();
    const link = new RecordingLink(outbox);
    if (!a) throw new Error('no frame');
    for (let times = 0; times < 2; times++) {
      link.send(a);
      await turn();
    }
    expect(link.writes.map(String)).toEqual(['a', 'a']);
  });

  it('tells an observer frames, bytes and writes per turn', async () => {
    const told: number[][] = [];
    const outbox = createOutbox({ framesSent: (frames, bytes, writes) => told.push([frames, bytes, writes]) });
    const [early, link, other] = [new RecordingLink(outbox), new RecordingLink(outbox), new RecordingLink(outbox)];
    for (const frame of [a, b]) if (frame) for (const each of [early, link, other]) each.send(frame);
    outbox.flush(early);
    await turn();
    expect(told).toEqual([
      [2, 2, 1],
      [4, 4, 2],
    ]);
  });
});

import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createOutbox, type Outbox, type OutboxLink } from '../../src/web-socket/outbox.js';

class RecordingLink implements OutboxLink {
  readonly writes: Buffer[] = [];
  #frames: Buffer[] = [];
  constructor(private readonly outbox: Outbox) {}
  send(frame: Buffer): void {
    if (this.#frames.push(frame) === 1) this.outbox.add(this);
  }
  takeQueued(): readonly Buffer[] {
    return this.#frames.splice(0);
  }
  write(joined: Buffer): void {
    this.writes.push(joined);
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
    expect(other.writes.map(String)).toEqual(['ac']);
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

  it('tells an observer frames and bytes per flush', async () => {
    const told: number[][] = [];
    const outbox = createOutbox({ framesSent: (frames, bytes) => told.push([frames, bytes]) });
    const link = new RecordingLink(outbox);
    for (const frame of [a, b]) if (frame) link.send(frame);
    outbox.flush(link);
    await turn();
    expect(told).toEqual([[2, 2]]);
  });
});

import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameReader } from '../../src/web-socket/frame-reader.js';
import { createPeerServer, type PeerSocket } from '../../src/web-socket/web-socket-server.js';
import { clientFrame } from '../support/raw-socket.js';

const MAX_PAYLOAD = 300;

/** A WebSocket on a stream of chunks, with everything that it told and wrote. */
function open(reader: FrameReader | null) {
  const told: string[] = [];
  const written: Buffer[] = [];
  const stream = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      written.push(chunk);
      done();
    },
  });
  const head = new IncomingMessage(new Socket());
  head.method = 'GET';
  head.headers = {
    upgrade: 'websocket',
    'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    'sec-websocket-version': '13',
  };
  const server = createPeerServer({ subprotocol: 'chat', maxPayloadBytes: MAX_PAYLOAD, deflate: false });
  const link = {
    hasFailed: false,
    failed(code: number) {
      told.push(`failed ${code}`);
      link.hasFailed = true;
    },
  };
  let opened: PeerSocket | undefined;
  server.handleUpgrade(head, stream, Buffer.alloc(0), (ws: PeerSocket) => {
    opened = ws;
    ws.peer = {
      link,
      receive(text, bytes) {
        told.push(`text ${bytes} ${text}`);
        if (text === 'leave') ws.close(1000);
      },
      receiveBinary() {
        told.push('binary');
        ws.close(1003);
      },
      pinged: (data) => told.push(`ping ${data}`),
      ponged: () => told.push('pong'),
      ended: (code) => told.push(`ended ${code}`),
    };
    reader?.attach(ws, stream);
  });
  return { told, written, stream, ws: opened };
}

/** What one read brings, and whether another comes in the same turn. */
interface Read {
  readonly bytes: Buffer;
  readonly hurries: boolean;
}

/** What comes of these reads. */
async function outcome(reader: FrameReader | null, reads: readonly Read[]) {
  const { told, written, stream } = open(reader);
  await turn();
  for (const { bytes, hurries } of reads) {
    // A copy: frames are unmasked in place.
    if (bytes.length > 0) stream.push(Buffer.from(bytes));
    if (!hurries) await turn();
  }
  await turn();
  const isPaused = stream.isPaused();
  stream.destroy();
  await turn();
  await turn();
  return { told, isPaused, written: Buffer.concat(written).toString('latin1') };
}

const mask = fc.uint8Array({ minLength: 4, maxLength: 4 }).map((bytes) => Buffer.from(bytes));
const text = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom(124, 125, 126, 127, MAX_PAYLOAD).map((length) => 'x'.repeat(length)),
  fc.constant('é'.repeat(70)),
);
const message = fc.oneof(
  { weight: 9, arbitrary: fc.tuple(text, mask).map(([payload, mask]) => clientFrame(payload, { mask })) },
  // All but its first byte reads as a message of its own.
  fc.constant(clientFrame('x', { mask: Buffer.from([0x80, 0, 0, 0]) })),
);
const control = fc.oneof(
  fc
    .tuple(fc.constantFrom(9, 10), fc.string({ maxLength: 10 }), mask)
    .map(([opcode, payload, mask]) => clientFrame(payload, { opcode, mask })),
  // A message inside of it that is none.
  fc.constant(clientFrame(clientFrame('inner'), { opcode: 9 })),
);
const fragments = fc
  .tuple(fc.array(fc.string({ maxLength: 30 }), { minLength: 2, maxLength: 4 }), control, mask)
  .map(([parts, between, mask]) =>
    parts.flatMap((part, index) => {
      const isFinal = index === parts.length - 1;
      return [clientFrame(part, { opcode: index === 0 ? 1 : 0, isFinal, mask }), ...(isFinal ? [] : [between])];
    }),
  );
const close = clientFrame(Buffer.from([0x03, 0xe8]), { opcode: 8 });
/** After these the connection is closing, and what follows is nobody's. */
const endings = fc.constantFrom(
  clientFrame('leave'),
  clientFrame('x', { opcode: 2 }),
  // Read without its mask it would be right.
  clientFrame(Buffer.from([0xc3, 0x28]), { mask: Buffer.from([0x82, 0x08, 0, 0]) }),
  clientFrame('x'.repeat(MAX_PAYLOAD + 1)),
  clientFrame('x'.repeat(70_000)),
  Buffer.from([0x81, 0x01, 0x78]),
  clientFrame('x', { isCompressed: true }),
  clientFrame('x', { opcode: 0 }),
  close,
  clientFrame('a', { isFinal: false }),
);
/** Frames, cut into reads at their ends and inside of them. */
const reads = fc
  .tuple(
    fc.array(
      fc.oneof(
        { weight: 4, arbitrary: message.map((one) => [one]) },
        control.map((one) => [one]),
        fragments,
      ),
      {
        maxLength: 6,
      },
    ),
    fc.option(endings),
    fc.array(fc.oneof(message, control, fc.constant(close)), { maxLength: 3 }),
  )
  .map(([before, ending, after]) => [...before.flat(), ...(ending === null ? [] : [ending, ...after])])
  .chain((frames) =>
    fc.tuple(
      ...frames.map((frame) =>
        fc.record({
          frame: fc.constant(frame),
          cut: fc.option(fc.nat({ max: Math.min(20, frame.length) }), { freq: 3 }),
          isLast: fc.boolean(),
          hurries: fc.boolean(),
        }),
      ),
    ),
  )
  .map((parts) => {
    const reads: Read[] = [];
    let bytes = Buffer.alloc(0);
    const read = (hurries: boolean) => {
      reads.push({ bytes, hurries });
      bytes = Buffer.alloc(0);
    };
    for (const { frame, cut, isLast, hurries } of parts) {
      bytes = Buffer.concat([bytes, frame.subarray(0, cut ?? 0)]);
      if (cut !== null) read(hurries);
      bytes = Buffer.concat([bytes, frame.subarray(cut ?? 0)]);
      if (isLast) read(hurries);
    }
    read(false);
    return reads;
  });

describe('a frame reader', () => {
  it('tells and answers what ws alone does, however the bytes come', async () => {
    await fc.assert(
      fc.asyncProperty(reads, async (reads) => {
        expect(await outcome(new FrameReader(MAX_PAYLOAD), reads)).toEqual(await outcome(null, reads));
      }),
      { numRuns: 2_000 },
    );
  });

  it('takes whole texts past the Receiver of ws, and gives it the rest', async () => {
    const { stream, told, ws } = open(null);
    const given: number[] = [];
    const [toWs] = stream.listeners('data');
    stream.removeAllListeners('data');
    stream.on('data', (chunk: Buffer) => {
      given.push(chunk.length);
      toWs?.call(stream, chunk);
    });
    if (ws !== undefined) new FrameReader(MAX_PAYLOAD).attach(ws, stream);
    const [toReader] = stream.listeners('data');
    expect(stream.listenerCount('data')).toBe(1);
    await turn();
    const [one, two] = [clientFrame('one'), clientFrame('two')];
    stream.push(Buffer.concat([one, two]));
    await turn();
    expect(given).toEqual([]);
    const ping = clientFrame('p', { opcode: 9 });
    stream.push(Buffer.concat([one, ping, two]));
    await turn();
    expect(given).toEqual([ping.length + two.length]);
    expect(told).toEqual(['text 3 one', 'text 3 two', 'text 3 one', 'ping p', 'text 3 two']);
    stream.push(clientFrame('leave'));
    await turn();
    expect(stream.listeners('data')).not.toContain(toReader);
  });

  it('hears nothing after the end, and no error of it is thrown', async () => {
    const { stream, told, ws } = open(new FrameReader(MAX_PAYLOAD));
    await turn();
    stream.destroy();
    await turn();
    await turn();
    expect(told).toEqual(['ended 1006']);
    for (const event of ['error', 'message', 'close']) ws?.emit(event, new Error('late'));
    expect(told).toEqual(['ended 1006']);
  });
});

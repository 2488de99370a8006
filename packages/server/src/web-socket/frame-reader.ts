import { isUtf8 } from 'node:buffer';
import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import type { PeerSocket } from './web-socket-server.js';

/** FIN and opcode 1: one whole text message (RFC 6455, section 5.2). */
const FINAL_TEXT = 0x81;
const FIN = 0x80;
const MASKED = 0x80;
const OPCODE = 0x0f;
/** The first opcode of control frames. */
const CLOSE = 8;
const LENGTH = 0x7f;
const SIZE_16_BIT = 126;
const HEADER_BYTES = 10;
const MASK_BYTES = 4;
const MAX_ASCII = 0x7f;

const PEER_SOCKET = Symbol('the WebSocket on this socket');
type ReadSocket = Duplex & { [PEER_SOCKET]?: PeerSocket };
type DataListener = (this: Duplex, chunk: Buffer) => void;

/** How far one socket has been read, kept by its WebSocket: an object of its own would be a hundredth of an idle connection. */
export interface ReadState {
  reader: FrameReader | null;
  /** Bytes to come of a frame that ws has begun. */
  left: number;
  /** The beginning of a header that ended with a read; ws has it. */
  header: Buffer | null;
  /** ws has the beginning of a message in fragments. */
  isFragmented: boolean;
  /** ws has the peer's close frame, or the beginning of it. */
  isEnding: boolean;
}

/**
 * Takes whole text messages out of what sockets read, and leaves every other frame to ws: to pass a message through
 * its Receiver, a stream of its own, costs 7 % of a publish. ws sees whole frames, from their first byte to their last.
 */
export class FrameReader {
  /** As ws listens for `data`; one function for all its sockets. */
  #toWs: DataListener = () => {};

  constructor(private readonly maxPayloadBytes: number) {}

  /** Stands before ws from now on; call once, in the turn of the upgrade. Messages that are compressed are for ws alone. */
  attach(ws: PeerSocket, socket: ReadSocket): void {
    const [toWs] = socket.listeners('data');
    if (toWs === undefined || ws.extensions !== '') return;
    this.#toWs = toWs as DataListener;
    ws.reader = this;
    socket[PEER_SOCKET] = ws;
    socket.removeListener('data', this.#toWs);
    socket.on('data', onData);
  }

  read(ws: PeerSocket, socket: Duplex, chunk: Buffer): void {
    let start = 0;
    while (ws.readyState === WebSocket.OPEN) {
      if (start === chunk.length) return;
      const isForWs = ws.left > 0 || ws.header !== null || ws.isFragmented;
      const end = isForWs ? start : this.#take(ws, chunk, start);
      if (end === start) this.#pass(ws, socket, chunk.subarray(start));
      start = end === start ? chunk.length : end;
    }
    // From here on ws reads alone: up to the peer's close frame, or no more when that or an error has ended it.
    socket.removeListener('data', onData);
    const hasEnded = ws.isEnding && ws.left === 0;
    if (hasEnded || ws.peer?.link.hasFailed) return;
    socket.on('data', this.#toWs);
    if (start < chunk.length) this.#toWs.call(socket, chunk.subarray(start));
  }

  /** A whole text message that begins here goes to the peer. @returns its end, or `start` when there is none */
  #take(ws: PeerSocket, chunk: Buffer, start: number): number {
    if (chunk[start] !== FINAL_TEXT) return start;
    const second = chunk[start + 1] ?? 0;
    let length = second & LENGTH;
    let at = start + 2;
    // What needs a length of 64 bits does not come in one read.
    if (length > SIZE_16_BIT || second < MASKED) return start;
    if (length === SIZE_16_BIT) {
      if (at + 2 > chunk.length) return start;
      length = chunk.readUInt16BE(at);
      at += 2;
    }
    const payload = at + MASK_BYTES;
    const end = payload + length;
    if (end > chunk.length || length > this.maxPayloadBytes) return start;
    const isAscii = unmask(chunk, at, end) <= MAX_ASCII;
    if (!isAscii && !isUtf8(chunk.subarray(payload, end))) {
      // For ws to refuse, as it came.
      unmask(chunk, at, end);
      return start;
    }
    ws.peer?.receive(chunk.toString(isAscii ? 'latin1' : 'utf8', payload, end), length);
    return end;
  }

  /** All of it goes to ws, which pauses the socket at what is wrong, and tells it a tick later. */
  #pass(ws: PeerSocket, socket: Duplex, rest: Buffer): void {
    for (let start = 0; start < rest.length; ) {
      if (ws.left === 0 && !ws.isEnding) begin(ws, rest, start);
      if (ws.left === 0) break;
      const end = Math.min(rest.length, start + ws.left);
      ws.left -= end - start;
      start = end;
    }
    this.#toWs.call(socket, rest);
  }
}

function onData(this: ReadSocket, chunk: Buffer): void {
  const ws = this[PEER_SOCKET];
  ws?.reader?.read(ws, this, chunk);
}

/** Reads the header of a frame for ws that begins here, or goes on. */
function begin(state: ReadState, chunk: Buffer, start: number): void {
  const known = state.header;
  const more = chunk.subarray(start, start + HEADER_BYTES);
  const bytes = known === null ? more : Buffer.concat([known, more]);
  const size = frameBytes(bytes);
  if (size === null) {
    state.header = Buffer.from(bytes);
    return;
  }
  state.header = null;
  state.left = size - (known?.length ?? 0);
  const first = bytes[0] ?? 0;
  const opcode = first & OPCODE;
  state.isEnding = opcode === CLOSE;
  if (opcode < CLOSE) state.isFragmented = (first & FIN) === 0;
}

/** The length of a frame by the beginning of it, or null where that is cut off. */
function frameBytes(bytes: Buffer): number | null {
  if (bytes.length < 2) return null;
  const second = bytes[1] ?? 0;
  const length = second & LENGTH;
  const headerBytes = length < SIZE_16_BIT ? 2 : length === SIZE_16_BIT ? 4 : HEADER_BYTES;
  if (bytes.length < headerBytes) return null;
  const maskBytes = second & MASKED ? MASK_BYTES : 0;
  if (headerBytes === 2) return headerBytes + maskBytes + length;
  return headerBytes + maskBytes + (headerBytes === 4 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2)));
}

/** Takes the mask at `at` off what follows it, in place. @returns all those bytes or-ed */
function unmask(bytes: Buffer, at: number, end: number): number {
  let seen = 0;
  for (let index = at + MASK_BYTES; index < end; index++) {
    const byte = (bytes[index] ?? 0) ^ (bytes[at + ((index - at) & 3)] ?? 0);
    bytes[index] = byte;
    seen |= byte;
  }
  return seen;
}

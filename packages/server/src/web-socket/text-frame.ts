import { takeBytes } from './slab.js';

/** FIN and opcode 1: one whole text message, unmasked as every frame of a server (RFC 6455, section 5.2). */
const FINAL_TEXT = 0x81;
const OPENING = 0x5b;
const COMMA = 0x2c;
const CLOSING = 0x5d;
const MAX_7_BIT = 125;
const MAX_16_BIT = 65_535;

/** A text message as it travels, header and payload in one Buffer: whoever sends it to many sockets writes the same bytes. */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const frame = emptyTextFrame(length);
  // As many bytes as characters is ASCII.
  frame.write(text, frame.length - length, length === text.length ? 'latin1' : 'utf8');
  return frame;
}

/** The same message with another ending in place of its last byte. */
export function endingFrame(frame: Buffer, ending: string): Buffer {
  const start = headerBytesOf(frame);
  const kept = frame.length - start - 1;
  const length = kept + Buffer.byteLength(ending);
  const longer = emptyTextFrame(length);
  const at = longer.length - length;
  frame.copy(longer, at, start, start + kept);
  longer.write(ending, at + kept);
  return longer;
}

/** With its header written, and room for so many bytes after it. */
function emptyTextFrame(length: number): Buffer {
  const headerBytes = length <= MAX_7_BIT ? 2 : length <= MAX_16_BIT ? 4 : 10;
  const frame = takeBytes(headerBytes + length);
  frame[0] = FINAL_TEXT;
  if (headerBytes === 2) {
    frame[1] = length;
  } else if (headerBytes === 4) {
    frame[1] = 126;
    frame[2] = length >>> 8;
    frame[3] = length & 0xff;
  } else {
    frame[1] = 127;
    frame.writeUInt32BE(0, 2);
    frame.writeUInt32BE(length, 6);
  }
  return frame;
}

/** The messages inside some frames, each JSON, as one message that is an array of them. */
export function jsonArrayFrame(frames: readonly Buffer[]): Buffer {
  let length = 1;
  for (const frame of frames) length += frame.length - headerBytesOf(frame) + 1;
  const array = emptyTextFrame(length);
  const start = array.length - length;
  let end = start;
  for (const frame of frames) {
    array[end] = end === start ? OPENING : COMMA;
    end += 1 + frame.copy(array, end + 1, headerBytesOf(frame));
  }
  array[end] = CLOSING;
  return array;
}

/** The message inside a frame of {@link textFrame}, for senders that frame it again (compressed). */
export function textFramePayload(frame: Buffer): Buffer {
  return frame.subarray(headerBytesOf(frame));
}

/** Where the message inside begins. */
export function headerBytesOf(frame: Buffer): number {
  const length = frame[1];
  return length === 127 ? 10 : length === 126 ? 4 : 2;
}

import { takeBytes } from './slab.js';

/** FIN and opcode 1: one whole text message, unmasked as every frame of a server (RFC 6455, section 5.2). */
const FINAL_TEXT = 0x81;
const MAX_7_BIT = 125;
const MAX_16_BIT = 65_535;

/** A text message as it travels, header and payload in one Buffer: whoever sends it to many sockets writes the same bytes. */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const headerLength = length <= MAX_7_BIT ? 2 : length <= MAX_16_BIT ? 4 : 10;
  const frame = takeBytes(headerLength + length);
  frame[0] = FINAL_TEXT;
  if (headerLength === 2) {
    frame[1] = length;
  } else if (headerLength === 4) {
    frame[1] = 126;
    frame[2] = length >>> 8;
    frame[3] = length & 0xff;
  } else {
    frame[1] = 127;
    frame.writeUInt32BE(0, 2);
    frame.writeUInt32BE(length, 6);
  }
  // As many bytes as characters is ASCII.
  frame.write(text, headerLength, length === text.length ? 'latin1' : 'utf8');
  return frame;
}

/** The message inside a frame of {@link textFrame}, for senders that frame it again (compressed). */
export function textFramePayload(frame: Buffer): Buffer {
  const length = frame[1];
  return frame.subarray(length === 127 ? 10 : length === 126 ? 4 : 2);
}

import { randomBytes } from 'node:crypto';

const FINAL_TEXT = 0x81;
const MASKED = 0x80;
/** Random once a process: ws skips the unmasking of a zero key, which no real client sends. */
const MASK = randomBytes(4);

/** A client's text message as it travels, masked (RFC 6455, section 5.3). */
export function clientFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const lengthBytes = length <= 125 ? 0 : length <= 65_535 ? 2 : 8;
  const start = 2 + lengthBytes + MASK.length;
  const frame = Buffer.allocUnsafe(start + length);
  frame[0] = FINAL_TEXT;
  frame[1] = MASKED | (lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127);
  if (lengthBytes === 2) frame.writeUInt16BE(length, 2);
  if (lengthBytes === 8) frame.writeBigUInt64BE(BigInt(length), 2);
  MASK.copy(frame, 2 + lengthBytes);
  frame.write(text, start);
  for (let index = 0; index < length; index++)
    frame[start + index] = (frame[start + index] ?? 0) ^ (MASK[index & 3] ?? 0);
  return frame;
}

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFrameEncoder } from '../../src/web-socket/frame-encoder.js';
import { textFrame, textFramePayload } from '../../src/web-socket/text-frame.js';
import { createChatCodec, eventNotice } from '../support/chat-codec.js';

describe('textFrame', () => {
  it.each([
    [0, 2, 0],
    [125, 2, 125],
    [126, 4, 126],
    [65_535, 4, 126],
    [65_536, 10, 127],
  ])('writes the header of RFC 6455 for %i bytes', (length, headerLength, second) => {
    const frame = textFrame('x'.repeat(length));
    expect([frame.length, frame[0], frame[1]]).toEqual([headerLength + length, 0x81, second]);
    if (second === 126) expect(frame.readUInt16BE(2)).toBe(length);
    if (second === 127) expect(frame.readBigUInt64BE(2)).toBe(BigInt(length));
    expect(textFramePayload(frame).toString()).toBe('x'.repeat(length));
  });

  it('carries any text, lone surrogates replaced as UTF-8 must', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        expect(textFramePayload(textFrame(text)).equals(Buffer.from(text))).toBe(true);
      }),
    );
    expect(textFramePayload(textFrame('\ud800')).toString()).toBe('\ufffd');
  });
});

describe('a frame encoder', () => {
  it('encodes one notice once, for as many links as there are', () => {
    const codec = createChatCodec();
    const encoder = createFrameEncoder(codec);
    const notice = eventNotice('hello');
    const frames = Array.from({ length: 1_000 }, () => encoder.encode(notice));
    expect(codec.encodes).toBe(1);
    expect(new Set(frames).size).toBe(1);
    expect(encoder.encode({ type: 'ping' })).toBeNull();
    expect(encoder.encode(notice)?.equals(textFrame('hello'))).toBe(true);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFrameEncoder } from '../../src/web-socket/frame-encoder.js';
import { endingFrame, textFrame, textFramePayload } from '../../src/web-socket/text-frame.js';
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

describe('endingFrame', () => {
  it('is the frame of the text with another ending, as long as that may be', () => {
    for (const length of [1, 124, 125, 126, 65_534, 65_535, 65_536]) {
      const text = `${'ü'.repeat(length / 4)}${'x'.repeat(length)}`.slice(-length);
      for (const ending of ['', '}', ',"ref":"größe"}', 'y'.repeat(70_000)])
        expect(endingFrame(textFrame(`${text}}`), ending).equals(textFrame(text + ending))).toBe(true);
    }
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
    expect(encoder.encodeOwn).toBeUndefined();
  });

  it("makes the sender's copy of the others' bytes, whichever is asked for first", () => {
    let encodes = 0;
    const encoder = createFrameEncoder({
      encode: ({ type }) => {
        encodes += 1;
        return type === 'ping' ? null : '{"a":1}';
      },
      endingWith: (ref) => `,"ref":"${ref}"}`,
    });
    const notice = eventNotice('hello');
    expect(encoder.encodeOwn?.(notice, 'p1')?.equals(textFrame('{"a":1,"ref":"p1"}'))).toBe(true);
    expect(encoder.encode(notice)?.equals(textFrame('{"a":1}'))).toBe(true);
    expect(encoder.encodeOwn?.(notice, 'p2')?.equals(textFrame('{"a":1,"ref":"p2"}'))).toBe(true);
    expect(encodes).toBe(1);
  });
});

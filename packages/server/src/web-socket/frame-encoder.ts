import type { Encoder, Notice } from '../seams/dialect.js';
import { textFrame } from './text-frame.js';

/**
 * Words notices as finished WebSocket frames. The newest notice's frame is remembered, so that however a fan-out walks
 * its links, one notice costs one encode.
 */
export function createFrameEncoder(encoder: Encoder<string>): Encoder<Buffer> {
  let newest: Notice | undefined;
  let frame: Buffer | null = null;
  return {
    encode(notice) {
      if (notice !== newest) {
        const text = encoder.encode(notice);
        frame = text === null ? null : textFrame(text);
        newest = notice;
      }
      return frame;
    },
  };
}

/** For conversations with an encoder of their own: they mostly say the same, so one text costs one frame. */
export function createFrameSharer(): { for(encoder: Encoder<string>): Encoder<Buffer> } {
  let newest: string | undefined;
  let frame: Buffer = Buffer.alloc(0);
  return {
    for: (encoder) => ({
      encode(notice) {
        const text = encoder.encode(notice);
        if (text === null) return null;
        if (text !== newest) {
          frame = textFrame(text);
          newest = text;
        }
        return frame;
      },
    }),
  };
}

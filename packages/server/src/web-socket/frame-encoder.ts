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

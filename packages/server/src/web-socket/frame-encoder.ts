import type { Codec } from '../seams/codec.js';
import type { Encoder } from '../seams/link.js';
import type { Notice } from '../seams/notice.js';
import { endingFrame, textFrame } from './text-frame.js';

/**
 * Words notices as finished WebSocket frames. The newest notice's frame is remembered, so that however a fan-out walks
 * its links, one notice costs one encode; where the codec can say how its sender's copy ends, that is made of its bytes.
 */
export function createFrameEncoder(codec: Pick<Codec, 'encode' | 'endingWith'>): Encoder<Buffer> {
  let newest: Notice | undefined;
  let frame: Buffer | null = null;
  function encode(notice: Notice): Buffer | null {
    if (notice !== newest) {
      const text = codec.encode(notice);
      frame = text === null ? null : textFrame(text);
      newest = notice;
    }
    return frame;
  }
  if (codec.endingWith === undefined) return { encode };
  return {
    encode,
    encodeOwn(notice, ref) {
      const shared = encode(notice);
      return shared && endingFrame(shared, codec.endingWith?.(ref) ?? '');
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

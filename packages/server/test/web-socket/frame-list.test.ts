import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameList } from '../../src/web-socket/frame-list.js';
import { textFrame, textFramePayload } from '../../src/web-socket/text-frame.js';

/** Of `DEFAULT_LIMITS`, as PROTOCOL.md has them. */
const BATCH_BYTES = 65_536;
const BATCH_FRAMES = 64;

function listOf(texts: readonly string[]): FrameList {
  const [first = '', ...more] = texts;
  return more.reduce((list, text) => list.with(textFrame(text)), new FrameList(null, textFrame(first)));
}

const messagesOf = (list: FrameList) => list.frames().map((frame) => textFramePayload(frame).toString());

describe('the batches of a list', () => {
  it('are arrays of its frames in order, within their bounds and as few as those allow', () => {
    const text = fc
      .tuple(fc.string({ unit: 'binary', maxLength: 40 }), fc.constantFrom(0, 0, 0, 100, 126, 5_000, 40_000, 70_000))
      .map(([start, more]) => JSON.stringify(start.concat('é'.repeat(more / 2))));
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 200 }), (texts) => {
        const messages = messagesOf(listOf(texts).batched());
        const batches = messages.map((message) =>
          message.startsWith('[') ? JSON.parse(message) : [JSON.parse(message)],
        );
        expect(batches.flat()).toEqual(texts.map((one) => JSON.parse(one)));
        for (const [index, batch] of batches.entries()) {
          const bytes = Buffer.byteLength(messages[index] ?? '');
          expect(batch.length).toBeLessThanOrEqual(BATCH_FRAMES);
          if (batch.length > 1) expect(bytes).toBeLessThanOrEqual(BATCH_BYTES);
          else expect(messages[index]).not.toMatch(/^\[/);
          const next = batches[index + 1]?.[0];
          if (next === undefined || batch.length === BATCH_FRAMES) continue;
          const headers = 10 * (batch.length + 1);
          expect(bytes + Buffer.byteLength(JSON.stringify(next)) + headers).toBeGreaterThan(BATCH_BYTES);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('are made once, and leave the list as it is for others', () => {
    const list = listOf(['{"a":1}', '{"b":2}']);
    expect(list.batched()).toBe(list.batched());
    expect(messagesOf(list)).toEqual(['{"a":1}', '{"b":2}']);
    const joined = Buffer.alloc(list.bytes);
    list.copyTo(joined);
    expect(joined.equals(Buffer.concat(list.frames()))).toBe(true);
  });

  it('are the very frame where there is one', () => {
    const frame = textFrame('{"a":1}');
    expect(new FrameList(null, frame).batched().only).toBe(frame);
  });

  it('leave joined and response alone, so that whoever awaited one listens before what follows', () => {
    const [one, two] = ['{"type":"joined","room":"a:1"}', '{"type":"response","id":"r1","data":null}'];
    const messages = messagesOf(listOf(['1', '2', one, two, '3', '4', one]).batched());
    expect(messages).toEqual(['[1,2]', one, two, '[3,4]', one]);
    expect(messagesOf(listOf([one, '1', two, '2']).batched())).toEqual([one, '1', two, '2']);
    expect(messagesOf(listOf(['{"type":"receipt"}', '1']).batched())).toEqual(['[{"type":"receipt"},1]']);
  });

  it('leave a frame alone that is larger than a batch may be', () => {
    const large = JSON.stringify('x'.repeat(BATCH_BYTES));
    const messages = messagesOf(listOf(['1', '2', large, '3', '4']).batched());
    expect(messages).toEqual(['[1,2]', large, '[3,4]']);
  });
});

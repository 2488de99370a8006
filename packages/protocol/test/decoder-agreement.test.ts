import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DecodedClientFrame, decodeClientFrame } from '../src/decode-client-frame.js';
import { decodeServerFrames } from '../src/decode-server-frames.js';
import { clientFrameSchema } from '../src/schemas.js';
import { documentedFrames } from './protocol-document.js';

const LONG = process.env.LONG === '1';
const RUNS = LONG ? 100_000 : 5_000;
const TIMEOUT_MS = LONG ? 600_000 : 60_000;

const TYPES = clientFrameSchema.options.map((option) => option.shape.type.value);
const FIELDS = [...new Set(clientFrameSchema.options.flatMap((option) => Object.keys(option.shape)))];
const examples = documentedFrames().filter(({ kind }) => kind === 'client');

const room = fc.constantFrom('lobby:a', 'lobby:', ':a', 'lobby', 'a:b:c', 'x'.repeat(513), 'Lobby:a', 'lobby:a b');
const position = fc.record(
  {
    epoch: fc.string(),
    offset: fc.oneof(fc.nat(), fc.double(), fc.integer()),
    lastId: fc.string(),
    extra: fc.string(),
  },
  { requiredKeys: [] },
);
const text = fc.oneof(fc.string(), fc.string({ unit: 'binary', minLength: 60, maxLength: 300 }), fc.constant('é😀'));
const value = fc.oneof(
  { weight: 3, arbitrary: room },
  { weight: 3, arbitrary: text },
  fc.constantFrom<unknown>(null, true, 0, 1, -1, 0.5, 1e21, 2 ** 53, 'read', 'delivered', 'i-1', { constructor: 1 }),
  position,
  fc.array(fc.oneof(room, fc.record({ room, position, rewind: fc.integer() }, { requiredKeys: [] })), {
    maxLength: 22,
  }),
  fc.record({ code: fc.string(), message: fc.string() }, { requiredKeys: [] }),
  fc.jsonValue(),
);
/** A frame of a known type with any of the known fields, each with a value that is right for some field. */
const wild = fc
  .tuple(fc.constantFrom(...TYPES), fc.dictionary(fc.constantFrom(...FIELDS, 'extra'), value, { maxKeys: 8 }))
  .map(([type, fields]) => JSON.stringify({ id: 'i1', ...fields, type }));
/** A frame of the document with one field changed or taken away. */
const bent = fc
  .tuple(fc.constantFrom(...examples), fc.constantFrom(...FIELDS), fc.option(value, { nil: undefined }))
  .map(([example, field, change]) => JSON.stringify({ ...JSON.parse(example.text), [field]: change }));
/** A frame of the document with some of its text replaced. */
const torn = fc
  .tuple(fc.constantFrom(...examples), fc.nat(500), fc.nat(20), fc.string({ unit: 'binary', maxLength: 10 }))
  .map(([example, at, length, patch]) => example.text.slice(0, at) + patch + example.text.slice(at + length));
const frameText = fc.oneof(wild, bent, torn, fc.json(), fc.string({ unit: 'binary' }));

/** The hand decoder leaves the grammar of rooms to the server; the schemas have it. */
const isRoomIssue = (path: readonly PropertyKey[]) => path.includes('room');

function schemaVerdict(frame: string): 'accepted' | 'refused' | 'room' {
  try {
    const result = clientFrameSchema.safeParse(JSON.parse(frame));
    if (result.success) return 'accepted';
    return result.error.issues.every((issue) => isRoomIssue(issue.path)) ? 'room' : 'refused';
  } catch {
    return 'refused';
  }
}

const KNOWN_CODES = ['malformed', 'unknown_frame', 'invalid_frame', 'too_large'];
function expectWellFormed(decoded: DecodedClientFrame): void {
  if (decoded.ok) {
    expect(TYPES).toContain(decoded.frame.type);
    for (const key of Object.keys(decoded.frame)) expect(FIELDS).toContain(key);
    return;
  }
  expect(KNOWN_CODES).toContain(decoded.code);
  expect(decoded.path ?? '').toMatch(/^(\w+(\.\w+){0,2})?$/);
}

describe(`the decoder and the schemas, over ${RUNS} generated frames`, () => {
  test(
    'agree on which frames are accepted, and the decoder neither throws nor makes anything up',
    () => {
      let accepted = 0;
      fc.assert(
        fc.property(frameText, (frame) => {
          const decoded = decodeClientFrame(frame);
          expectWellFormed(decoded);
          const verdict = schemaVerdict(frame);
          if (decoded.ok) accepted++;
          if (verdict !== 'room') expect([frame, decoded.ok]).toEqual([frame, verdict === 'accepted']);
        }),
        { numRuns: RUNS },
      );
      expect(accepted).toBeGreaterThan(RUNS / 100);
    },
    TIMEOUT_MS,
  );

  test(
    'keep a frame as it was sent, once more encoded and decoded',
    () => {
      fc.assert(
        fc.property(fc.oneof(wild, bent), (frame) => {
          const decoded = decodeClientFrame(frame);
          if (decoded.ok) expect(decodeClientFrame(JSON.stringify(decoded.frame))).toEqual(decoded);
        }),
        { numRuns: RUNS },
      );
    },
    TIMEOUT_MS,
  );

  test(
    'leave a client that decodes any text with a frame or with nothing',
    () => {
      fc.assert(
        fc.property(frameText, (frame) => {
          for (const decoded of decodeServerFrames(frame)) {
            expect(decoded === null || typeof decoded.type === 'string').toBe(true);
          }
        }),
        { numRuns: RUNS },
      );
    },
    TIMEOUT_MS,
  );

  test(
    'keep no memory of what was decoded',
    () => {
      const frames = fc.sample(frameText, { numRuns: RUNS, seed: 7 });
      const rounds = LONG ? 20 : 10;
      setFlagsFromString('--expose_gc');
      const collectGarbage: () => void = runInNewContext('gc');
      const used: number[] = [];
      for (let round = 0; round < rounds; round++) {
        for (const frame of frames) decodeClientFrame(frame);
        collectGarbage();
        used.push(process.memoryUsage().heapUsed);
      }
      const [settled = 0, last = 0] = [used[2], used.at(-1)];
      expect(last - settled).toBeLessThan(1_000_000);
    },
    TIMEOUT_MS,
  );
});

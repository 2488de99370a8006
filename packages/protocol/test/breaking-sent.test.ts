import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { changes, chat, data, loose, text, tree } from './compare-contracts.js';

describe('what older programs send', () => {
  test.each<[string, z.ZodType, z.ZodType, string]>([
    [
      'a new required field',
      loose({}),
      loose({ text }),
      '.text [sending] older programs may leave it out, and it is required now',
    ],
    [
      'a tighter bound',
      loose({ text }),
      loose({ text: text.max(5) }),
      '.text [sending] older programs may send more than is taken now (unbounded, now maxLength 5)',
    ],
    [
      'a list that must have one',
      z.array(text),
      z.array(text).min(1),
      ' [sending] older programs may send more than is taken now (unbounded, now minItems 1)',
    ],
    [
      'a pattern',
      text,
      text.regex(/^a+$/),
      ' [sending] older programs may send more than is taken now (other text, now the pattern ^a+$)',
    ],
    ['a format', text, z.uuid(), ' [sending] older programs may send more than is taken now (any text, now uuid)'],
    [
      'another text to begin with',
      text.startsWith('a'),
      text.startsWith('ab'),
      ' [sending] older programs may send more than is taken now (other text, now the pattern ^ab.*)',
    ],
    [
      'an end beside a format',
      z.email(),
      z.email().endsWith('.org'),
      ' [sending] older programs may send more than is taken now (other text, now the pattern .*\\.org$)',
    ],
    [
      'a tighter format of the same name',
      z.stringFormat('sku', /^[A-Z]+$/),
      z.stringFormat('sku', /^[A-Z]{8}$/),
      ' [sending] older programs may send more than is taken now (other text, now the pattern ^[A-Z]{8}$)',
    ],
    [
      'the tighter bound of two schemas in one',
      text.min(3),
      text.min(5).and(text.min(3)),
      ' [sending] older programs may send more than is taken now (minLength 3, now minLength 5)',
    ],
    [
      'an offset that a time may have no more',
      z.iso.datetime({ offset: true }),
      z.iso.datetime(),
      ' [sending] older programs may send more than is taken now ("2026-11-23T03:34:15+01:00", now a narrower date-time)',
    ],
    [
      'an identifier of one version',
      z.uuid(),
      z.uuidv7(),
      ' [sending] older programs may send more than is taken now ("a0000000-0000-1000-8000-00000000000a", now a narrower uuid)',
    ],
    [
      'a strict object',
      loose({ text }),
      z.strictObject({ text }),
      ' [sending] older programs may send it, and it is refused now',
    ],
    [
      'a field that a strict object lost',
      z.strictObject({ text, b: text.optional() }),
      z.strictObject({ text }),
      '.b [sending] older programs may send it, and it is refused now',
    ],
    [
      'deep inside',
      z.array(loose({ a: loose({}) })),
      z.array(loose({ a: loose({ b: text }) })),
      '[].a.b [sending] older programs may leave it out, and it is required now',
    ],
    [
      'in a recursive schema',
      tree(text),
      tree(text.max(3)),
      '.value [sending] older programs may send more than is taken now (unbounded, now maxLength 3)',
    ],
    [
      'in the nearest branch of a union',
      union({ a: text }),
      union({ a: text, b: text }),
      '.b [sending] older programs may leave it out, and it is required now',
    ],
  ])('%s', (_, older, newer, expected) => {
    expect(changes(data(older), data(newer))).toEqual([`chat.message data${expected}`]);
  });

  test('in a record beside an object, whose fields it holds for, too', () => {
    const older = loose({ a: z.number() }).and(z.record(text, z.number()));
    const newer = z.record(text, z.int()).and(loose({ a: z.number() }));
    expect(changes(data(older), data(newer))).toEqual(
      ['.a', '.*'].map(
        (field) =>
          `chat.message data${field} [sending] older programs may send a number, and only an integer is taken now`,
      ),
    );
  });

  test('an id that older programs join with', () => {
    expect(changes(chat({}), chat({ id: z.string().regex(/^\d+$/) }))).toEqual([
      'chat id [sending] older programs may send more than is taken now (other text, now the pattern ^\\d+$)',
    ]);
  });
});

function union(shape: z.ZodRawShape): z.ZodType {
  return z.discriminatedUnion('kind', [loose({ kind: z.literal('x') }), loose({ kind: z.literal('y'), ...shape })]);
}

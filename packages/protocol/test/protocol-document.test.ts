import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { CLOSE_CODES } from '../src/close-codes.js';
import { decodeClientFrame } from '../src/decode-client-frame.js';
import { decodeServerFrames } from '../src/decode-server-frames.js';
import { ERROR_CODES, isErrorCode } from '../src/error-codes.js';
import { DEFAULT_LIMITS } from '../src/limits.js';
import { clientFrameSchema, positionSchema, serverFrameSchema } from '../src/schemas.js';
import { documentedFrames, PROTOCOL_TEXT, tableUnder } from './protocol-document.js';

const frames = documentedFrames();
const parsed = (kind: 'client' | 'server') =>
  frames.filter((frame) => frame.kind === kind).map((frame) => JSON.parse(frame.text) as Record<string, unknown>);

describe('docs/PROTOCOL.md', () => {
  test.each(frames.filter((frame) => frame.kind === 'client'))(
    'line $line is a frame that a client may send',
    ({ text }) => {
      expect(clientFrameSchema.safeParse(JSON.parse(text)).error).toBeUndefined();
      expect(decodeClientFrame(text)).toEqual({ ok: true, frame: JSON.parse(text) });
    },
  );

  test.each(frames.filter((frame) => frame.kind === 'server'))(
    'line $line is a frame that the server may send',
    ({ text }) => {
      const schema = serverFrameSchema.safeParse(JSON.parse(text));
      expect(schema.error).toBeUndefined();
      expect(decodeServerFrames(text)).toEqual([JSON.parse(text)]);
    },
  );

  test('shows a batch, which is an array of frames that the server may send', () => {
    const batches = frames.filter((frame) => frame.kind === 'batch').map(({ text }) => text);
    expect(batches).toHaveLength(1);
    for (const text of batches) {
      const schema = z.array(serverFrameSchema).min(2).max(DEFAULT_LIMITS.batchFrames).safeParse(JSON.parse(text));
      expect(schema.error).toBeUndefined();
      expect(decodeServerFrames(text)).toEqual(JSON.parse(text));
    }
  });

  test('shows a position', () => {
    const positions = frames.filter((frame) => frame.kind === 'position');
    expect(positions.map(({ text }) => positionSchema.safeParse(JSON.parse(text)).success)).toEqual([true]);
  });

  test('shows every type of client frame, and has a heading for each', () => {
    const types = clientFrameSchema.options.map((option) => option.shape.type.value).sort();
    expect([...new Set(parsed('client').map((frame) => frame.type))].sort()).toEqual(types);
    for (const type of types) expect(PROTOCOL_TEXT).toMatch(new RegExp(`^### ${type}\\b`, 'm'));
  });

  test('shows every type of server frame, and has a heading for each', () => {
    const types = serverFrameSchema.options.map((option) => option.shape.type.value).sort();
    expect([...new Set(parsed('server').map((frame) => frame.type))].sort()).toEqual(types);
    for (const type of types) expect(PROTOCOL_TEXT).toMatch(new RegExp(`^### ${type}\\b`, 'm'));
  });

  test('shows errors with the retryable of their code', () => {
    const errors = parsed('server').filter(({ type, code }) => type === 'error' && isErrorCode(String(code)));
    expect(errors.length).toBeGreaterThan(5);
    for (const { code, retryable } of errors) {
      expect({ code, retryable }).toEqual({ code, ...ERROR_CODES[code as keyof typeof ERROR_CODES] });
    }
  });

  test('shows goaways with the name and the rule of their close code', () => {
    const goaways = parsed('server').filter(({ type }) => type === 'goaway');
    expect(goaways.length).toBeGreaterThan(3);
    for (const { code, reason, reconnect } of goaways) {
      const rule = CLOSE_CODES[code as keyof typeof CLOSE_CODES];
      expect({ code, reason, reconnect }).toEqual({ code, reason: rule.name, reconnect: rule.reconnect !== 'never' });
    }
  });

  test('has a row with cause and cure for each error code, and for no other', () => {
    const rows = tableUnder('8. Error codes');
    const documented = rows.map(([code, retryable]) => [code, { retryable: retryable === 'yes' }]);
    expect(documented).toEqual(Object.entries(ERROR_CODES));
    for (const cells of rows) expect(cells.map((cell) => cell.length > 0)).toEqual([true, true, true, true]);
  });

  test('has a row with cause and cure for each close code, and for no other', () => {
    const rows = tableUnder('9. Close codes');
    const documented = rows.map(([code, name, reconnect, newToken]) => [
      code,
      { name, reconnect, newToken: newToken === 'yes' },
    ]);
    expect(documented).toEqual(Object.entries(CLOSE_CODES));
    for (const cells of rows) expect(cells.filter((cell) => cell.length > 0)).toHaveLength(6);
  });

  test('has a row for each limit of the code with its default', () => {
    const documented = tableUnder('10. Limits').map(([name, value]) => [name, Number(value)]);
    expect(Object.fromEntries(documented)).toEqual(DEFAULT_LIMITS);
  });

  test('names only error codes that exist where it speaks of errors', () => {
    const named = [...PROTOCOL_TEXT.matchAll(/\*\*Errors:\*\*((?:.|\n(?!\n))*)/g)].flatMap(([, text = '']) =>
      [...text.matchAll(/`([a-z]+(?:_[a-z]+)+)`/g)].map(([, code = '']) => code),
    );
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((code) => !isErrorCode(code))).toEqual([]);
  });

  test('names a test that exists wherever it says what shows a guarantee', () => {
    const [section = ''] = PROTOCOL_TEXT.split('\n## 11. Guarantees\n')[1]?.split('\n## ') ?? [];
    const shown = section.split('\n').flatMap((line) => line.match(/^\| .+ \| ([^|]+?) +\|$/)?.[1] ?? []);
    const cells = shown.filter((cell) => cell !== 'Shown by' && !/^-+$/.test(cell));
    expect(cells.length).toBeGreaterThan(15);
    for (const cell of cells) {
      const [, file = '', sentence = ''] = cell.match(/^`(\S+)`: "(.+)"$/) ?? [];
      const source = readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');
      expect(source, cell).toContain(`'${sentence}'`);
    }
  });

  test('links only to headings that it has', () => {
    const slugs = new Set(
      [...PROTOCOL_TEXT.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
        title
          .toLowerCase()
          .replace(/[^\w\s-]/g, '')
          .replaceAll(' ', '-'),
      ),
    );
    const links = [...PROTOCOL_TEXT.matchAll(/\]\(#([^)]+)\)/g)].map(([, slug = '']) => slug);
    expect(links.length).toBeGreaterThan(12);
    expect(links.filter((slug) => !slugs.has(slug))).toEqual([]);
  });
});

import { expect, test } from 'vitest';
import { FrameList } from '../../src/web-socket/frame-list.js';
import { Joiner } from '../../src/web-socket/joiner.js';

function listOf(...texts: readonly string[]): FrameList {
  const [first = '', ...more] = texts;
  return more.reduce((list, text) => list.with(Buffer.from(text)), new FrameList(null, Buffer.from(first)));
}

test('a list is joined once, for however many links have it, and a single frame is the very frame', () => {
  const joiner = new Joiner();
  const list = listOf('a', 'b', 'c');
  const joined = joiner.join(list);
  expect(joined.toString()).toBe('abc');
  expect(joiner.join(list)).toBe(joined);
  const single = listOf('d');
  expect(joiner.join(single)).toBe(single.frame);
  expect(joined.toString()).toBe('abc');
});

test('what a socket has taken makes room for the next list', () => {
  const joiner = new Joiner();
  const first = joiner.join(listOf('a', 'b'));
  const second = joiner.join(listOf('c', 'd'));
  expect([second.buffer, second.byteOffset]).toEqual([first.buffer, first.byteOffset]);
  expect(second.toString()).toBe('cd');
});

test('what a socket has not taken stays as it is, through any number of lists', () => {
  const joiner = new Joiner();
  const kept: { readonly bytes: Buffer; readonly text: string }[] = [];
  for (let index = 0; index < 5_000; index++) {
    const texts = [`${index}:`, 'x'.repeat(index % 200)];
    const bytes = joiner.join(listOf(...texts));
    if (index % 3 > 0) continue;
    joiner.keep(bytes);
    kept.push({ bytes, text: texts.join('') });
  }
  expect(kept.filter(({ bytes, text }) => bytes.toString() !== text)).toEqual([]);
});

test('a list larger than a block has bytes of its own', () => {
  const joiner = new Joiner();
  const long = 'x'.repeat(200_000);
  const large = joiner.join(listOf('a', long));
  joiner.keep(large);
  expect(joiner.join(listOf('b', 'c')).toString()).toBe('bc');
  expect(large.toString()).toBe(`a${long}`);
});

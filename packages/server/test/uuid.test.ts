import { expect, it } from 'vitest';
import { createUuid } from '../src/uuid.js';

it('makes random UUIDs of version 4, each another', () => {
  const made = Array.from({ length: 5_000 }, createUuid);
  for (const id of made) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(new Set(made).size).toBe(made.length);
  // Every digit that is free takes every value.
  for (let index = 0; index < 36; index++) {
    const values = new Set(made.map((id) => id[index])).size;
    expect([index, values]).toEqual([index, [8, 13, 14, 18, 23].includes(index) ? 1 : index === 19 ? 4 : 16]);
  }
});

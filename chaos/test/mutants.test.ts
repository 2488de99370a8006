import { describe, expect, it } from 'vitest';
import { MUTANTS } from '../src/mutants.js';
import { isProof } from '../src/run-mutants.js';
import { findPlace } from '../src/server-build.js';

describe('a mutant', () => {
  it.each(MUTANTS)('$name has its place in the server that is built', async (mutant) => {
    expect(await findPlace(mutant)).toMatchObject({ url: expect.stringMatching(/packages\/server\/dist\/.*\.js$/) });
  });

  it.each([
    ['nowhere', 'this is written nowhere'],
    ['more than once', 'return'],
  ])('whose piece stands %s is refused', async (_, find) => {
    await expect(findPlace({ name: 'rotten', find, replace: '', caughtBy: { violation: 'phantom' } })).rejects.toThrow(
      'not once',
    );
  });

  it('proves nothing when it is not caught, or when the server as it is fails too', () => {
    const run = { trial: 't', seconds: 1 };
    expect(
      isProof([
        { ...run, mutant: 'm', found: 'x' },
        { ...run, mutant: null, found: null },
      ]),
    ).toBe(true);
    expect(isProof([{ ...run, mutant: 'm', found: null }])).toBe(false);
    expect(isProof([{ ...run, mutant: null, found: 'x' }])).toBe(false);
  });
});

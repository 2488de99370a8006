/** Texts that the variants of a format tell apart. */
const SAMPLES: Readonly<Record<string, readonly string[]>> = {
  'date-time': [
    '2026-11-23T03:34:15Z',
    '2026-11-23T03:34Z',
    '2026-11-23T03:34:15.1Z',
    '2026-11-23T03:34:15.123Z',
    '2026-11-23T03:34:15.123456Z',
    '2026-11-23T03:34:15+01:00',
    '2026-11-23T03:34:15.123+01:00',
    '2026-11-23T03:34:15',
    '2026-11-23T03:34',
  ],
  email: [
    'ann@example.org',
    "o'neil+tag@mail.example.org",
    'Ann_B-C@example.org',
    '!#$%@example.org',
    'ann@localhost',
    'änn@example.org',
  ],
  uuid: [
    ...['1', '2', '3', '4', '5', '6', '7', '8', '9'].map((version) => `a0000000-0000-${version}000-8000-00000000000a`),
    'A0000000-0000-4000-8000-00000000000A',
    'a0000000-0000-4000-0000-00000000000a',
    '00000000-0000-0000-0000-000000000000',
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
  ],
};

/**
 * A text of this format that only the first takes, `null` where none is known, `undefined` where the format has no variants that are.
 * Releases of Zod write the pattern of a format differently and mean the same, so its letters say nothing.
 */
export function findSample(format: unknown, isTaken: (text: string) => boolean, isTakenNow: (text: string) => boolean) {
  const samples = typeof format === 'string' && Object.hasOwn(SAMPLES, format) ? SAMPLES[format] : undefined;
  return samples && (samples.find((text) => isTaken(text) && !isTakenNow(text)) ?? null);
}

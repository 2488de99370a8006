import { readdir, readFile, writeFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { z } from 'zod';

const message = z.looseObject({});
const event = { event: z.string(), data: z.unknown() };

/** A session to replay: what its client says and hears, and what others do meanwhile. */
const fixtureSchema = z.strictObject({
  title: z.string(),
  /** Where it is from: captured frames, and of what, or written by hand. */
  origin: z.string().min(1),
  /** Facts beside the speaker's own, such as `booking:42 owner alice`. */
  relations: z.array(z.string()).default([]),
  steps: z
    .array(
      z.union([
        z.strictObject({ client: message }),
        z.strictObject({ server: message }),
        /** The speaker's other user, who connects with its first word and is gone after `null`. */
        z.strictObject({ other: message.nullable() }),
        z.strictObject({ relate: z.string() }),
        z.strictObject({ service: z.strictObject({ ...event, room: z.string().optional() }) }),
        z.strictObject({ broadcast: z.strictObject(event) }),
      ]),
    )
    .min(1),
});
export type Fixture = z.output<typeof fixtureSchema>;
export type Step = Fixture['steps'][number];

/** What differs from run to run is written as a placeholder. */
const PLACEHOLDERS: Readonly<Record<string, (value: unknown) => boolean>> = {
  '<time>': (value) => typeof value === 'string' && new Date(value).toISOString() === value,
  '<ms>': (value) => Number.isInteger(value),
  '<id>': (value) => typeof value === 'string' && value !== '',
  '<text>': (value) => typeof value === 'string' && value !== '',
};

function folderOf(format: string): URL {
  return new URL(`../../src/${format}/fixtures/`, import.meta.url);
}

export async function readFixtures(format: string): Promise<readonly (Fixture & { readonly file: string })[]> {
  const files = await readdir(folderOf(format));
  return Promise.all(
    files.map(async (file) => ({
      file,
      ...fixtureSchema.parse(JSON.parse(await readFile(new URL(file, folderOf(format)), 'utf8'))),
    })),
  );
}

/** The recorded message with the placeholders filled from a real one, where they fit. */
export function fill(recorded: unknown, real: unknown): unknown {
  if (typeof recorded === 'string' && Object.hasOwn(PLACEHOLDERS, recorded)) {
    return PLACEHOLDERS[recorded]?.(real) ? real : recorded;
  }
  if (typeof recorded !== 'object' || recorded === null || typeof real !== 'object' || real === null) return recorded;
  const fields = real as Readonly<Record<string, unknown>>;
  if (Array.isArray(recorded)) return recorded.map((item, index) => fill(item, fields[index]));
  return Object.fromEntries(Object.entries(recorded).map(([key, value]) => [key, fill(value, fields[key])]));
}

const MASKS: Readonly<Record<string, (value: unknown) => string>> = {
  timestamp: (value) => (typeof value === 'number' ? '<ms>' : '<time>'),
  message_id: () => '<id>',
  requestId: (value) => (/^(\d{13}|[\da-f-]{36})$/.test(String(value)) ? '<id>' : String(value)),
  user: () => '<id>',
};

function mask(recorded: unknown): unknown {
  return JSON.parse(JSON.stringify(recorded, (key, value) => MASKS[key]?.(value) ?? value));
}

/**
 * Compares frames that were captured just now with those of a fixture: each side's in its order, for what the two sides
 * say at the same time may come either way. `RECORD=1` writes the fixture instead.
 */
export async function expectCaptured(
  format: string,
  file: string,
  captured: Omit<Fixture, 'relations'> & { readonly relations?: readonly string[] },
): Promise<void> {
  const steps = mask(captured.steps) as Step[];
  if (process.env.RECORD) {
    const [last, ...lines] = steps.map((step) => `    ${JSON.stringify(step)}`).reverse();
    const { steps: _, ...head } = captured;
    const start = JSON.stringify(head, null, 2).slice(0, -2);
    const text = [...lines.reverse().map((line) => `${line},`), last].join('\n');
    await writeFile(new URL(file, folderOf(format)), `${start},\n  "steps": [\n${text}\n  ]\n}\n`);
    return;
  }
  const recorded = (await readFixtures(format)).find((fixture) => fixture.file === file);
  const side = (all: readonly Step[], name: string) => all.filter((step) => name in step);
  for (const name of ['client', 'server', 'service'])
    expect(side(steps, name)).toEqual(side(recorded?.steps ?? [], name));
}

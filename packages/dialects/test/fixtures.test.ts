import { readdir, readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { everySpeaker } from './support/every-speaker.js';
import { startHub } from './support/start-hub.js';
import { join } from './support/start-node.js';

const fixtureSchema = z.strictObject({
  title: z.string(),
  steps: z
    .array(
      z.union([
        z.strictObject({ client: z.looseObject({}) }),
        z.strictObject({ server: z.looseObject({}) }),
        z.strictObject({ service: z.strictObject({ event: z.string(), data: z.unknown() }) }),
      ]),
    )
    .min(1),
});

/** What differs from run to run is written as a placeholder. */
const PLACEHOLDERS: Readonly<Record<string, (value: unknown) => boolean>> = {
  '<time>': (value) => typeof value === 'string' && new Date(value).toISOString() === value,
  '<ms>': (value) => Number.isInteger(value),
  '<id>': (value) => typeof value === 'string' && value !== '',
  '<text>': (value) => typeof value === 'string' && value !== '',
};

/** The recorded message with the placeholders filled from a real one, where they fit. */
function fill(recorded: unknown, real: unknown): unknown {
  if (typeof recorded === 'string' && Object.hasOwn(PLACEHOLDERS, recorded)) {
    return PLACEHOLDERS[recorded]?.(real) ? real : recorded;
  }
  if (typeof recorded !== 'object' || recorded === null || typeof real !== 'object' || real === null) return recorded;
  const fields = real as Readonly<Record<string, unknown>>;
  if (Array.isArray(recorded)) return recorded.map((item, index) => fill(item, fields[index]));
  return Object.fromEntries(Object.entries(recorded).map(([key, value]) => [key, fill(value, fields[key])]));
}

for (const speaker of await everySpeaker()) {
  const folder = new URL(`../src/${speaker.name}/fixtures/`, import.meta.url);
  const files = await readdir(folder);

  test(`${speaker.name} has recorded sessions`, () => expect(files.length).toBeGreaterThan(0));

  for (const file of files) {
    const { title, steps } = fixtureSchema.parse(JSON.parse(await readFile(new URL(file, folder), 'utf8')));
    test(`${speaker.name}, ${file}: ${title}`, async () => {
      await using served = await startHub([speaker.dialect()]);
      served.hub.handle('echo', (input) => input);
      await using connection = await join(served, speaker, speaker.users[0]);
      for (const step of steps) {
        if ('client' in step) {
          connection.send(JSON.stringify(step.client));
        } else if ('service' in step) {
          await served.hub.publish({ rooms: [speaker.room], ...step.service, from: { service: 'replay' } });
        } else {
          const isIt = (message: unknown) => isDeepStrictEqual(fill(step.server, message), message);
          speaker.parse(await connection.take(isIt, JSON.stringify(step.server)));
        }
      }
    });
  }
}

import { isDeepStrictEqual } from 'node:util';
import type { DialectSpeaker, SpeakerConnection } from '@trunkline/server/testing';
import { eventually } from '@trunkline/testkit';
import { expect, test } from 'vitest';
import type { z } from 'zod';
import { everySpeaker } from './support/every-speaker.js';
import { type Fixture, fill, readFixtures, type Step } from './support/fixture.js';
import { type StartedHub, startHub } from './support/start-hub.js';
import { join } from './support/start-node.js';

interface Schemas {
  readonly clientMessages: Readonly<Record<string, z.ZodType>>;
  readonly serverMessageSchema: z.ZodDiscriminatedUnion<z.ZodObject<{ type: z.ZodLiteral<string> }>[]>;
}

for (const speaker of await everySpeaker()) {
  const fixtures = await readFixtures(speaker.name);

  test(`${speaker.name} has a recorded word for every message of its schemas, in both directions`, async () => {
    const { clientMessages, serverMessageSchema }: Schemas = await import(`../src/${speaker.name}/schema.ts`);
    const steps = fixtures.flatMap((fixture) => fixture.steps);
    const types = (side: 'client' | 'server') =>
      new Set(steps.map((step) => (side in step ? Reflect.get(step, side).type : undefined)));
    expect([...types('client')]).toEqual(expect.arrayContaining(Object.keys(clientMessages)));
    const said = serverMessageSchema.options.map(({ shape }) => shape.type.value);
    expect([...types('server')]).toEqual(expect.arrayContaining(said));
  });

  for (const fixture of fixtures) {
    test(`${speaker.name}, ${fixture.file}: ${fixture.title}`, async () => {
      await using served = await startHub([speaker.dialect()]);
      served.hub.handle('echo', (input) => input);
      await served.relate(...fixture.relations);
      await using connection = await join(served, speaker, speaker.users[0]);
      await replay(served, speaker, connection, fixture);
    });
  }
}

async function replay(
  served: StartedHub,
  speaker: DialectSpeaker,
  connection: SpeakerConnection,
  { steps }: Fixture,
): Promise<void> {
  const matched = new Set<number>();
  let other: SpeakerConnection | undefined;
  const heard = (expected: unknown) =>
    eventually(() => {
      const index = connection.seen.findIndex(
        (message, at) => !matched.has(at) && isDeepStrictEqual(fill(expected, message), message),
      );
      return index >= 0 && matched.add(index);
    }).catch(() => expect(connection.seen).toContainEqual(expected));
  const play = async (step: Step): Promise<unknown> => {
    if ('server' in step) return heard(step.server);
    if ('client' in step) {
      const token = await served.token(speaker.users[0], speaker.claims);
      const text = JSON.stringify(step.client).replaceAll('<token>', token);
      return connection.send(text.replaceAll('"<ms>"', String(Date.now())));
    }
    if ('relate' in step) return served.relate(step.relate);
    if ('broadcast' in step) return served.hub.broadcast(step.broadcast.event, step.broadcast.data);
    if ('service' in step) {
      const { room = speaker.room, event, data } = step.service;
      return served.hub.publish({ rooms: [room], event, data, from: { service: 'replay' } });
    }
    if (step.other === null) return other?.[Symbol.asyncDispose]();
    other ??= await join(served, speaker, speaker.users[1]);
    return other.send(JSON.stringify(step.other));
  };
  try {
    for (const step of steps) await play(step);
  } finally {
    await other?.[Symbol.asyncDispose]();
  }
}

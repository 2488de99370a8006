import { readCodeBlocks } from '@trunkline/testkit';
import { expect, test } from 'vitest';
import { falconDialect } from '../../src/falcon/index.js';
import { clientMessages, serverMessageSchema } from '../../src/falcon/schema.js';
import { connectBearer, next } from '../support/clients.js';
import { startHub } from '../support/start-hub.js';

// Its React code runs as it stands in the React package's tests, over the hooks that the document only uses.
const document = await readCodeBlocks(new URL('../snippets/falcon.md', import.meta.url));

test('its message types and fields are those of the document', () => {
  const text = document.under('Message Protocol');
  const types = [...text.matchAll(/'(\w+)'/g)].map(([, type]) => type).sort();
  const said = serverMessageSchema.options.map(({ shape }) => shape.type.value);
  expect([...new Set([...Object.keys(clientMessages), ...said])].sort()).toEqual(types);
  const fields = [...text.matchAll(/^ {2}(\w+)\??:/gm)].map(([, field]) => field).sort();
  const known = serverMessageSchema.options.flatMap(({ shape }) => Object.keys(shape));
  expect([...new Set(known)].sort()).toEqual(fields);
});

test.each([
  ['User Profile Update', 'user_profile_update'],
  ['Group Membership Change', 'group_membership_change'],
])('the example of a %s arrives as it is shown', async (section, type) => {
  await using served = await startHub([falconDialect()]);
  const path = new URL(document.under('Configuration').replace('VITE_WS_URL=', '')).pathname;
  await using alice = await connectBearer(served, path, await served.token('alice'));
  await next(alice, 'room_joined');
  const example = JSON.parse(document.under(section));
  serverMessageSchema.parse({ ...example, room: 'user:alice', id: 'an id' });
  await served.hub.publish({ rooms: ['user:alice'], event: type, data: example.data });
  const iso = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/);
  expect(example.timestamp).toEqual(iso);
  expect(await next(alice, type)).toMatchObject({ ...example, timestamp: iso });
});

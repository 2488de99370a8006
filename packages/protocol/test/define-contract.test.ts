import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { builtInContract } from '../src/built-in-contract.js';
import { contractJsonSchema } from '../src/contract-json-schema.js';
import type { EventDefinition, RoomKindDefinition } from '../src/contract-types.js';
import { defineContract, durable, ephemeral, verifyKind } from '../src/define-contract.js';

const text = z.looseObject({ text: z.string() });
const kind = (changes: Partial<RoomKindDefinition> = {}): RoomKindDefinition => ({
  join: ['user'],
  events: { message: durable(text) },
  ...changes,
});
const event = (definition: EventDefinition) => ({ rooms: { chat: kind({ events: { message: definition } }) } });

describe('defineContract', () => {
  test('gives back what it was given, with empty actions and calls where there are none', () => {
    const rooms = { chat: kind() };
    expect(defineContract({ rooms })).toEqual({ rooms, actions: {}, calls: {} });
  });

  test('lets members publish when an event does not say who may', () => {
    expect([durable(text).publish, ephemeral(text).publish]).toEqual([['member'], ['member']]);
  });

  test('keeps what an event says beside its data and its publishers', () => {
    const said = { sender: 'author' };
    expect(durable(text, said)).toEqual({ data: text, durable: true, publish: ['member'], ...said });
    const shown = { ...said, conflateBy: 'text', retain: 'last', echo: 'others' } as const;
    expect(ephemeral(text, shown)).toEqual({ data: text, durable: false, publish: ['member'], ...shown });
  });

  test('takes a kind whose history nobody reads and whose members nobody sees', () => {
    const rooms = { chat: kind({ history: false, presence: false }) };
    expect(defineContract({ rooms }).rooms).toBe(rooms);
  });

  test.each(['Chat', '1chat', 'chat-room', '', 'c'.repeat(33), '__proto__ '])('refuses the room kind %j', (name) => {
    expect(() => defineContract({ rooms: { [name]: kind() } })).toThrow(TypeError);
  });

  test.each([
    ['join', { join: ['users'] }],
    ['join', { join: 'user' }],
    ['join', { join: undefined }],
    ['history', { history: ['role:'] }],
    ['presence', { presence: ['owner'] }],
  ])('refuses a rule of %s that nothing knows, as plain JavaScript may hold: %j', (what, wrong) => {
    const room = { ...kind(), ...wrong } as ReturnType<typeof kind>;
    expect(() => defineContract({ rooms: { chat: room } })).toThrow(
      `Room kind "chat": ${what} must be a list of "user"`,
    );
  });

  test('refuses an event whose publishers nothing knows, and one that says not whether it is durable', () => {
    const define = (event: unknown) => () =>
      defineContract({ rooms: { chat: kind({ events: { said: event as ReturnType<typeof durable> } }) } });
    expect(define({ ...durable(text), publish: ['admin'] })).toThrow('Event "chat.said": publish must be a list of');
    expect(define(text)).toThrow('Event "chat.said" must be made by durable(schema) or ephemeral(schema).');
    for (const events of [undefined, null, 'message']) {
      const bare = { join: ['user'], events } as unknown as ReturnType<typeof kind>;
      expect(() => defineContract({ rooms: { chat: bare } })).toThrow('Room kind "chat": events must be an object');
    }
  });

  test.each(['verify', 'system'])('refuses the reserved room kind %s', (name) => {
    expect(() => defineContract({ rooms: { [name]: kind() } })).toThrow(`Room kind "${name}" is reserved`);
  });

  test.each([
    ['conflateBy', { ...durable(text), conflateBy: 'text' }, 'conflateBy and retain are for ephemeral events'],
    ['retain', { ...durable(text), retain: 'last' as const }, 'conflateBy and retain are for ephemeral events'],
    ['echo "others"', { ...durable(text), echo: 'others' as const }, 'echo "others" is for ephemeral events'],
  ])('refuses %s on a durable event', (_, definition, sentence) => {
    expect(() => defineContract(event(definition))).toThrow(`Event "chat.message" is durable: ${sentence}.`);
  });

  test.each([
    ['a transform', z.string().transform(Number)],
    ['a transform deep inside', z.object({ a: z.array(z.object({ b: z.string().transform(Number).optional() })) })],
    ['a preprocess', z.preprocess((value) => value, z.string())],
    ['a pipe', z.string().pipe(z.coerce.number())],
    ['coercion', z.looseObject({ count: z.coerce.number() })],
    ['trim', z.looseObject({ text: z.string().trim() })],
    ['a default', z.object({ n: z.number().default(3) })],
    ['a prefault', z.object({ n: z.number().prefault(3) })],
    ['a catch', z.object({ n: z.number().catch(3) })],
    ['a catch by function', z.array(z.number().catch(({ issues }) => issues.length))],
    ['a codec', z.codec(z.string(), z.number(), { decode: Number, encode: String })],
  ])('refuses %s: what is published is what is delivered', (_, schema) => {
    const sentence = 'transforms, coerces or fills in: its schema may only check what is sent.';
    expect(() => defineContract(event(durable(schema)))).toThrow(`Data of event "chat.message" ${sentence}`);
    expect(() => defineContract({ rooms: {}, actions: { ask: { input: schema } } })).toThrow(
      `Input of action "ask" ${sentence}`,
    );
    expect(() => defineContract({ rooms: {}, actions: { ask: { input: text, output: schema } } })).toThrow(
      `Output of action "ask" ${sentence}`,
    );
    expect(() => defineContract({ rooms: {}, actions: { ask: { input: text, progress: schema } } })).toThrow(
      `Progress of action "ask" ${sentence}`,
    );
    expect(() => defineContract({ rooms: {}, calls: { call: { input: schema } } })).toThrow(
      `Input of call "call" ${sentence}`,
    );
    expect(() => defineContract({ rooms: {}, calls: { call: { input: text, output: schema } } })).toThrow(
      `Output of call "call" ${sentence}`,
    );
    expect(() => defineContract({ rooms: { chat: kind({ id: schema }) } })).toThrow(
      `Id of room kind "chat" ${sentence}`,
    );
  });

  test.each<[string, z.ZodType]>([
    ['date', z.looseObject({ at: z.date() })],
    ['bigint', z.array(z.int64())],
    ['map', z.map(z.string(), z.string())],
    ['set', z.looseObject({ tags: z.set(z.string()).optional() })],
    ['void', z.void()],
    ['undefined', z.looseObject({ text: z.union([z.string(), z.undefined()]) })],
    ['nan', z.nan()],
    ['promise', z.promise(z.string())],
  ])('refuses a %s, which arrives as something else', (type, schema) => {
    const sentence = `has a ${type}, which JSON can not carry: describe what is sent.`;
    expect(() => defineContract(event(durable(schema)))).toThrow(`Data of event "chat.message" ${sentence}`);
    expect(() => defineContract({ rooms: {}, actions: { ask: { input: text, output: schema } } })).toThrow(
      `Output of action "ask" ${sentence}`,
    );
  });

  test.each<[string, z.ZodType]>([
    ['optional', text.optional()],
    ['nullish', text.nullish()],
    ['an optional one behind z.lazy', z.lazy(() => text.optional())],
  ])('refuses data that is %s as a whole', (_, schema) => {
    const sentence = 'may be absent, which JSON can not say: take z.null() or .nullable().';
    expect(() => defineContract(event(durable(schema)))).toThrow(`Data of event "chat.message" ${sentence}`);
    expect(() => defineContract({ rooms: {}, actions: { ask: { input: schema } } })).toThrow(
      `Input of action "ask" ${sentence}`,
    );
  });

  test.each([
    ['refinements', z.looseObject({ a: z.string().min(1).regex(/^a/) }).refine(() => true)],
    ['unions and recursion', z.looseObject({ tree: z.lazy(() => z.union([z.string(), z.array(text)])) })],
    ['a custom check', z.custom<`${number}px`>((value) => typeof value === 'string')],
  ])('accepts a schema with %s', (_, schema) => {
    expect(() => defineContract(event(durable(schema)))).not.toThrow();
  });

  test('refuses data that is no Zod schema', () => {
    expect(() => defineContract(event(durable({ type: 'object' } as never)))).toThrow(
      'Data of event "chat.message" must be a Zod schema.',
    );
  });

  test.each([
    ['historySize', 0],
    ['historySize', 1.5],
    ['historyTtlMs', -1],
    ['historyTtlMs', Number.POSITIVE_INFINITY],
  ])('refuses %s %d', (bound, value) => {
    expect(() => defineContract({ rooms: { chat: kind({ [bound]: value }) } })).toThrow(
      `Room kind "chat": ${bound} must be an integer from 1.`,
    );
  });

  test.each(['', 'x'.repeat(129)])('refuses names that no frame can carry', (name) => {
    expect(() => defineContract({ rooms: { chat: kind({ events: { [name]: durable(text) } }) } })).toThrow(/^Event /);
    expect(() => defineContract({ rooms: {}, actions: { [name]: { input: text } } })).toThrow(/^Action /);
    expect(() => defineContract({ rooms: {}, calls: { [name]: { input: text } } })).toThrow(/^Call /);
  });

  test('keeps the reserved kind for admins', () => {
    expect([verifyKind.join, verifyKind.events.probe.publish]).toEqual([['role:admin'], ['role:admin']]);
  });
});

describe('contractJsonSchema', () => {
  const described = contractJsonSchema(builtInContract);

  test('describes every room, event, action and call of the built-in contract', () => {
    const names = (rooms: Record<string, { events: object }>) =>
      Object.entries(rooms).map(([name, room]) => [name, Object.keys(room.events)]);
    expect(names(described.rooms)).toEqual(names(builtInContract.rooms));
    expect(Object.keys(described.actions)).toEqual(Object.keys(builtInContract.actions));
    expect(Object.keys(described.calls)).toEqual(Object.keys(builtInContract.calls));
  });

  test('says of an event whether it is durable, who publishes it, and its fields', () => {
    expect(described.rooms.booking?.events.status_update).toMatchObject({
      durable: true,
      publish: ['role:service'],
      data: {
        type: 'object',
        properties: { bookingId: { type: 'string' }, status: { type: 'string' } },
        required: ['bookingId', 'status'],
        additionalProperties: {},
      },
    });
  });

  test('says of a room its ids, who joins, reads and sees whom, its receipts, and what events are kept and echoed', () => {
    const position = ephemeral(z.number(), { retain: 'last', echo: 'others' });
    const { rooms } = defineContract({
      rooms: {
        plain: { join: ['user'], events: {} },
        open: { join: ['user'], history: ['role:audit'], presence: ['member'], receipts: true, events: {} },
        shut: { id: z.uuid(), join: ['user'], history: false, presence: false, events: { position } },
      },
    });
    const described = contractJsonSchema({ rooms, actions: {}, calls: {} }).rooms;
    expect(described).toEqual({
      plain: { join: ['user'], history: ['user'], presence: ['user'], receipts: false, events: {} },
      open: { join: ['user'], history: ['role:audit'], presence: ['member'], receipts: true, events: {} },
      shut: {
        id: expect.objectContaining({ format: 'uuid' }),
        join: ['user'],
        history: false,
        presence: false,
        receipts: false,
        events: {
          position: {
            durable: false,
            publish: ['member'],
            retain: 'last',
            echo: 'others',
            data: expect.objectContaining({ type: 'number' }),
          },
        },
      },
    });
  });

  test('is plain JSON, whatever a schema holds', () => {
    const contract = defineContract({
      rooms: { chat: kind({ events: { odd: durable(z.custom<Date>(() => true)) } }) },
    });
    const odd = contractJsonSchema(contract).rooms.chat?.events.odd;
    expect(JSON.parse(JSON.stringify(odd))).toEqual({ durable: true, publish: ['member'], data: expect.any(Object) });
    expect(JSON.parse(JSON.stringify(described))).toEqual(described);
  });

  test('has the output, progress and roles of an action that has them', () => {
    const contract = defineContract({
      rooms: {},
      actions: {
        ask: { input: text, output: text, progress: z.number(), roles: ['agent'] },
        tell: { input: text },
      },
      calls: { pick: { input: text, output: z.string() } },
    });
    expect(contractJsonSchema(contract).actions.tell).toEqual({ input: expect.any(Object) });
    expect(contractJsonSchema(contract)).toMatchObject({
      actions: {
        ask: { input: { type: 'object' }, output: { type: 'object' }, progress: { type: 'number' }, roles: ['agent'] },
      },
      calls: { pick: { input: { type: 'object' }, output: { type: 'string' } } },
    });
  });
});

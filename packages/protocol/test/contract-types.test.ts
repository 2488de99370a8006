import { describe, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import type { BuiltInContract } from '../src/built-in-contract.js';
import type {
  ActionInput,
  ActionName,
  ActionOutput,
  ActionProgress,
  CallInput,
  CallName,
  CallOutput,
  Contract,
  EventData,
  EventName,
  RoomKind,
} from '../src/contract-types.js';
import { defineContract, durable, ephemeral } from '../src/define-contract.js';

const contract = defineContract({
  rooms: {
    chat: {
      join: ['user'],
      events: {
        message: durable(z.object({ text: z.string(), tags: z.array(z.string()).optional() })),
        typing: ephemeral(z.boolean(), { echo: 'others' }),
      },
    },
    desk: { join: ['relation:agent'], events: { ticket: durable(z.object({ id: z.number() })) } },
  },
  actions: {
    search: {
      input: z.object({ query: z.string() }),
      output: z.object({ hits: z.array(z.string()) }),
      progress: z.number(),
    },
    ping: { input: z.null() },
  },
  calls: { confirm: { input: z.object({ question: z.string() }), output: z.boolean() } },
});
type Chat = typeof contract;

/** Checked by `tsc`; at run time these only pass. */
describe('the types of a contract', () => {
  test('are a Contract', () => {
    expectTypeOf<Chat>().toExtend<Contract>();
    expectTypeOf<BuiltInContract>().toExtend<Contract>();
  });

  test('know their room kinds and each kind its events', () => {
    expectTypeOf<RoomKind<Chat>>().toEqualTypeOf<'chat' | 'desk'>();
    expectTypeOf<EventName<Chat, 'chat'>>().toEqualTypeOf<'message' | 'typing'>();
    expectTypeOf<EventName<Chat, 'desk'>>().toEqualTypeOf<'ticket'>();
    // @ts-expect-error desk has no typing
    expectTypeOf<EventData<Chat, 'desk', 'typing'>>().toBeNever();
  });

  test('infer the data of an event', () => {
    expectTypeOf<EventData<Chat, 'chat', 'message'>>().toEqualTypeOf<{ text: string; tags?: string[] | undefined }>();
    expectTypeOf<EventData<Chat, 'chat', 'typing'>>().toEqualTypeOf<boolean>();
    expectTypeOf<EventData<BuiltInContract, 'booking', 'status_update'>>().toExtend<{
      bookingId: string;
      status: string;
    }>();
    expectTypeOf<
      EventData<BuiltInContract, 'booking', 'location_update'>['location']['latitude']
    >().toEqualTypeOf<number>();
  });

  test('infer input, output and progress of an action, unknown where it says nothing', () => {
    expectTypeOf<ActionName<Chat>>().toEqualTypeOf<'search' | 'ping'>();
    expectTypeOf<ActionInput<Chat, 'search'>>().toEqualTypeOf<{ query: string }>();
    expectTypeOf<ActionOutput<Chat, 'search'>>().toEqualTypeOf<{ hits: string[] }>();
    expectTypeOf<ActionProgress<Chat, 'search'>>().toEqualTypeOf<number>();
    expectTypeOf<ActionOutput<Chat, 'ping'>>().toEqualTypeOf<unknown>();
    expectTypeOf<ActionProgress<Chat, 'ping'>>().toEqualTypeOf<unknown>();
  });

  test('infer input and output of a call', () => {
    expectTypeOf<CallName<Chat>>().toEqualTypeOf<'confirm'>();
    expectTypeOf<CallInput<Chat, 'confirm'>>().toEqualTypeOf<{ question: string }>();
    expectTypeOf<CallOutput<Chat, 'confirm'>>().toEqualTypeOf<boolean>();
  });

  test('have no names where a contract has no actions or calls', () => {
    const bare = defineContract({ rooms: {} });
    expectTypeOf<ActionName<typeof bare>>().toEqualTypeOf<never>();
    expectTypeOf<CallName<typeof bare>>().toEqualTypeOf<never>();
    expectTypeOf<RoomKind<typeof bare>>().toEqualTypeOf<never>();
  });
});

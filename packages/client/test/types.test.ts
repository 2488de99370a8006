import { type BuiltInContract, defineContract } from '@trunkline/protocol/contract';
import { expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { type Client, createClient, type Published } from '../src/index.js';
import type { Recording } from '../src/testing/index.js';

class NoSocket {
  readonly readyState = 0;
  onopen = null;
  onmessage = null;
  onclose = null;
  onerror = null;
  send(): void {}
  close(): void {}
}

test('rooms, events, actions and calls are typed by the contract', () => {
  const client = createClient<BuiltInContract>({ url: 'ws://127.0.0.1:1', WebSocket: NoSocket });
  const room = client.room('booking', '42');
  expectTypeOf(client.room('booking:42')).toEqualTypeOf(room);
  room.on('status_update', ({ data, event, offset }) => {
    expectTypeOf(data.bookingId).toBeString();
    expectTypeOf(event).toEqualTypeOf<'status_update'>();
    expectTypeOf(offset).toEqualTypeOf<number | undefined>();
  });
  room.onEvent((event) => {
    if (event.event === 'location_update') expectTypeOf(event.data.location.latitude).toBeNumber();
  });
  expectTypeOf(room.publish).returns.resolves.toEqualTypeOf<Published>();
  expectTypeOf(client.request<'echo'>).returns.resolves.toExtend<object>();
  client.handle('client_tool_call', (input, { signal }) => [input, signal.aborted]);
  client.room('booking' as 'booking' | 'lobby', '42').onEvent((event) => {
    if (event.event === 'status_update') expectTypeOf(event.data.bookingId).toBeString();
    if (event.event === 'message') expectTypeOf(event.data.text).toBeString();
  });
  // @ts-expect-error no such kind
  client.room('nowhere', '1');
  // @ts-expect-error no such kind
  client.room('nowhere:1');
  // @ts-expect-error no such event
  room.on('nothing', () => {});
  // @ts-expect-error data of another shape
  void (() => room.publish('status_update', { bookingId: 42 }));
  const to = { connectionId: 'c_1', room: 'booking:42' } as const;
  const update = { bookingId: '42', status: 'x' };
  void (() => [
    client.publish(['booking:1', `booking:${to.connectionId}`], 'status_update', update),
    client.send(to, 'status_update', update),
  ]);
  // @ts-expect-error no such kind
  void (() => client.publish(['nowhere:1'], 'status_update', update));
  // @ts-expect-error no such event
  void (() => client.publish(['booking:1'], 'nothing', update));
  // @ts-expect-error data of another shape
  void (() => client.publish(['booking:1'], 'status_update', { bookingId: 42 }));
  // @ts-expect-error no such event
  void (() => client.send(to, 'nothing', update));
  // @ts-expect-error data of another shape
  void (() => client.send(to, 'status_update', { bookingId: 42 }));
  // @ts-expect-error no such action
  void (() => client.request('nothing', {}));
  // @ts-expect-error no such call
  client.handle('nothing', () => {});
});

test('what a handler answers stays one of an enum', () => {
  const answer = z.enum(['yes', 'no']);
  const ask = { input: z.looseObject({}), output: answer };
  const say = { input: z.looseObject({}), output: z.looseObject({ answer }) };
  const contract = defineContract({ rooms: {}, calls: { ask, say } });
  const client = createClient<typeof contract>({ url: 'ws://127.0.0.1:1', WebSocket: NoSocket });
  client.handle('ask', () => 'yes');
  client.handle('ask', async ({ sure }) => (sure ? 'yes' : 'no'));
  client.handle('say', async (_, { signal }) => ({ answer: signal.aborted ? 'no' : 'yes' }));
  // @ts-expect-error no such answer
  client.handle('ask', () => 'maybe');
});

test('an option that is undefined is one that is not given', () => {
  const nothing = { id: undefined, ttlMs: undefined, conflate: undefined, signal: undefined };
  const client = createClient<BuiltInContract>({
    url: 'ws://127.0.0.1:1',
    token: undefined,
    backoff: undefined,
    queue: { storage: undefined, whenFull: undefined },
    WebSocket: NoSocket as typeof NoSocket | undefined,
  });
  const room = client.room('lobby', 'main');
  void (() => [
    room.join({ rewind: undefined, signal: undefined }),
    room.events({ signal: undefined }),
    room.publish('message', { text: 'x' }, nothing),
    room.history({ before: undefined, after: undefined, limit: undefined }),
    client.request('echo', {}, { idempotent: undefined, onProgress: undefined }),
  ]);
  expectTypeOf(client.state.status).toBeString();
});

test('without a contract everything goes and data is unknown', () => {
  const client: Client = createClient({ url: 'ws://127.0.0.1:1', WebSocket: NoSocket });
  client.room('any', 'room').on('thing', ({ data }) => expectTypeOf(data).toBeUnknown());
  expectTypeOf(client.request('anything', 1)).resolves.toBeUnknown();
});

test('a recording may be what TypeScript makes of an imported JSON file', () => {
  expectTypeOf<{
    connections: (
      | { frames: { from: string; frame: { type: string; room: string } }[]; closed?: undefined }
      | { frames: { from: string; frame: { type: string } }[]; closed: { code: number; reason: string } }
    )[];
  }>().toExtend<Recording>();
});

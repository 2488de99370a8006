import { type Contract, type ServerFrame, TrunklineError } from '@trunkline/protocol';
import { createCalls } from './calls.js';
import type { Client, ClientEvents } from './client-api.js';
import { type ConnectionParts, createConnection } from './connection.js';
import type { ConnectionState, Status } from './connection-state.js';
import { cancelled, createDeferred, type Settle, settleAll } from './deferred.js';
import { type AnyEvent, type Gap, type Left, toEvent } from './events.js';
import { createExchange } from './exchange.js';
import { createListeners } from './listeners.js';
import { createMembership } from './membership.js';
import type { Membership, MembershipParts, RoomFrame } from './membership-api.js';
import { type ClientOptions, resolveOptions } from './options.js';
import { createOutbox } from './outbox.js';
import type { OutboxParts } from './outbox-api.js';
import { createQueue } from './queue.js';
import { createRecentIds } from './recent-ids.js';
import type { TimelineEntry } from './timeline.js';
import { createTokens, type TokensParts } from './tokens.js';

type News<C extends Contract> = { [N in keyof ClientEvents<C>]: readonly [name: N, ...args: ClientEvents<C>[N]] };
type Closed = ConnectionState & { readonly status: 'closed' };

/**
 * A client of one Trunkline server. It connects with the first join, publish or request, or by `connect()`.
 *
 * @throws {TypeError} when the runtime has no WebSocket and none is given
 */
export function createClient<C extends Contract = Contract>(given: ClientOptions): Client<C> {
  const rememberedEvents = 2_000;
  const rememberedSteps = 100;
  const normal = 1_000;
  /** Of at most 480 bytes each: a hello is at most 64 kB, and its token and session need some of that. */
  const helloRooms = 100;
  const options = resolveOptions(given);
  const { clock } = options;
  const { add, emit } = createListeners<News<C>[keyof ClientEvents<C>]>();
  const openings = new Set<Settle<void>>();
  const seen = createRecentIds(rememberedEvents);
  let timeline: readonly TimelineEntry[] = [];
  const queue = createQueue(options.queue);
  const rooms = new Map<string, Membership>();
  /** Those of the hello. */
  let asked: readonly Membership[] = [];
  let me: string | undefined;
  let ending: Promise<void> | undefined;

  const wire = createExchange(clock, (frame) => connection.send(frame));
  const on: Client<C>['on'] = (name, listener) =>
    add(([what, ...args]) => what === name && listener(...(args as never)));
  /** Each part takes what it needs of it. */
  const core: MembershipParts & OutboxParts & TokensParts & ConnectionParts = {
    options,
    wire,
    queue,
    note,
    userId: () => me,
    start,
    failed,
    received,
    changed,
    told,
    on,
    event: show,
    room,
    settled: (outcome) => emit(['settled', outcome]),
    rooms() {
      asked = [...rooms.values()].filter(({ wanted }) => wanted).slice(0, helloRooms);
      return asked.map((one) => one.asked());
    },
    opened(welcome) {
      // What one user published is not sent as another.
      if (me !== undefined && me !== welcome.userId) {
        ending = outbox.end();
        outbox.started();
      }
      me = welcome.userId;
      for (const part of [wire, tokens]) part.opened(welcome);
      for (const one of rooms.values()) one.opened(asked.includes(one));
      outbox.opened(welcome);
    },
    dropped() {
      for (const part of [wire, ...rooms.values(), calls]) part.dropped();
    },
  };
  const outbox = createOutbox(core);
  const calls = createCalls(wire, outbox);
  const tokens = createTokens(core);
  const connection = createConnection(core, tokens);

  const toRoom = (frame: RoomFrame) => {
    const one = rooms.get(frame.room);
    // What was on its way to a room that is being left comes too late.
    if (one?.status !== 'leaving') one?.handlers[frame.type](frame as never);
  };
  const handlers: { readonly [T in ServerFrame['type']]?: (frame: Extract<ServerFrame, { type: T }>) => unknown } = {
    joined(frame) {
      wire.answer(frame);
      room(frame.room);
      toRoom(frame);
    },
    left: toRoom,
    event: (frame) => (rooms.has(frame.room) ? toRoom(frame) : show(toEvent(frame))),
    gap: toRoom,
    presence: toRoom,
    receipt: toRoom,
    ack: wire.answer,
    response: wire.answer,
    progress: wire.answer,
    error(frame) {
      if (wire.answer(frame)) return;
      const one = asked.find((_, index) => frame.path === `rooms.${index}`);
      if (one) one.refused(frame);
      else failed(TrunklineError.from(frame));
    },
    call: calls.call,
    cancel: calls.cancel,
    expiring: tokens.expiring,
  };

  /** Makes it known, if it was not. */
  function room(name: string): Membership {
    const one = rooms.get(name) ?? createMembership(name, outbox, core);
    rooms.set(name, one);
    return one;
  }

  /** Clients ignore frames they do not know. */
  function received(frame: ServerFrame): void {
    if (Object.hasOwn(handlers, frame.type)) handlers[frame.type]?.(frame as never);
  }

  function note(what: string, detail: TimelineEntry['detail']): void {
    timeline = [...timeline, { at: clock.now(), what, detail }].slice(-rememberedSteps);
  }

  /** Once, however many rooms it came through. */
  function show(event: AnyEvent<Contract>): void {
    if (seen.add(event.id)) emit(['event', event as never]);
  }

  function told(what: 'gap' | 'left', { type: _, ...detail }: (Gap | Left) & { readonly type?: string }): void {
    note(what, detail);
    emit([what, detail as never]);
  }

  function failed(cause: unknown): TrunklineError {
    const error = cause instanceof TrunklineError ? cause : new TrunklineError('unavailable', String(cause), { cause });
    note('error', { ...error.toBody() });
    emit(['error', error]);
    return error;
  }

  function changed(next: ConnectionState, previous: ConnectionState): void {
    const error = next.status === 'closed' ? closedError(next) : undefined;
    if (next.status === 'connecting') outbox.started();
    if (error) {
      for (const one of rooms.values()) one.end(error);
      ending = outbox.end();
      me = undefined;
    }
    // First: who connects again in a listener waits for the next one.
    if (error || next.status === 'open') settleAll(openings, error);
    emit(['state', next, previous]);
  }

  function closedError({ cause }: Closed): TrunklineError {
    return new TrunklineError(cause.reason || 'unavailable', undefined, {
      cause: cause.error ?? cause,
      retryable: false,
    });
  }

  /** @throws {TrunklineError} once closed: only `connect` and `reconnect` begin again; or when the signal has fired */
  function start(signal?: AbortSignal): void {
    if (signal?.aborted) throw cancelled(signal);
    if (connection.state.status === 'idle') connection.dispatch({ type: 'connect' });
    // Last: a listener of the new state may have closed it.
    const { state } = connection;
    if (state.status === 'closed') throw closedError(state);
  }

  async function connect(): Promise<void> {
    connection.dispatch({ type: 'connect' });
    start();
    if (connection.state.status !== 'open') await createDeferred(openings).promise;
  }

  return {
    get state() {
      return connection.state;
    },
    queue,
    get userId() {
      return me;
    },
    get connectionId() {
      const { connectionId }: { readonly status: Status; readonly connectionId?: string } = connection.state;
      return connectionId;
    },
    connect,
    reconnect() {
      connection.dispatch({ type: 'lost', cause: { code: 1_012, reason: 'reconnect' }, wanted: true });
      return connect();
    },
    async close() {
      connection.dispatch({ type: 'lost', cause: { code: normal, reason: 'cancelled' }, final: true });
      await ending;
    },
    room: (kind: string, id?: string) => room(id === undefined ? `${kind}` : `${kind}:${id}`) as never,
    publish: outbox.publish,
    send: ({ connectionId: to, room }, event, data) =>
      wire.ask(outbox.checked({ type: 'send' as const, to, room, event, data }).frame),
    request: (action, data, requestOptions) =>
      outbox.request({ type: 'request', action, data }, requestOptions as never) as never,
    handle: calls.handle,
    on,
    explain: () => ({
      state: connection.state,
      nextAttemptAt: connection.nextAttemptAt,
      timeline,
      rooms: [...rooms.values()].map(({ name, status, position }) => ({ room: name, status, position })),
      queue: queue.status,
    }),
  };
}

import {
  type Contract,
  closeCodeRule,
  createId,
  parseRoomName,
  type ServerFrame,
  TrunklineError,
} from '@trunkline/protocol';
import { createBudget } from './budget.js';
import { type AnyCallHandler, createCalls } from './calls.js';
import type { Client, ClientEvents, PublishedToMany, PublishOptions } from './client-api.js';
import { createConnection } from './connection.js';
import type { ConnectionState } from './connection-state.js';
import { createDeferred, type Deferred } from './deferred.js';
import type { AnyEvent } from './events.js';
import { createExchange } from './exchange.js';
import { createListeners, type Listeners } from './listeners.js';
import { changePresence } from './membership.js';
import { createMemberships } from './memberships.js';
import { type ClientOptions, resolveOptions } from './options.js';
import { createOutbox } from './outbox.js';
import { createPacer } from './pacer.js';
import { createRecentIds } from './recent-ids.js';
import { createRequests } from './requests.js';
import { createRoom, toEvent } from './room.js';
import { createTimeline } from './timeline.js';
import { createTokenRenewal } from './token-renewal.js';
import { createTokenSource } from './token-source.js';

type Emitters<C extends Contract> = { readonly [N in keyof ClientEvents<C>]: Listeners<ClientEvents<C>[N]> };

const TIMELINE_ENTRIES = 100;
const REMEMBERED_EVENTS = 2_000;

/**
 * A client of one Trunkline server. It connects with the first join, publish or request, or by `connect()`.
 *
 * @throws {TypeError} when an option is missing
 */
export function createClient<C extends Contract = Contract>(given: ClientOptions): Client<C> {
  const options = resolveOptions(given);
  const { clock, random } = options;
  const emitters: Emitters<C> = {
    state: createListeners(),
    event: createListeners(),
    gap: createListeners(),
    left: createListeners(),
    error: createListeners(),
    settled: createListeners(),
  };
  const openings = new Set<Deferred<void>>();
  const shown = createRecentIds(REMEMBERED_EVENTS);
  const timeline = createTimeline(clock, TIMELINE_ENTRIES);
  const tokens = createTokenSource(options.token, clock);
  const pacer = createPacer(clock);
  const budget = createBudget(options.queue);

  const exchange = createExchange({
    pacer,
    isReady: () => connection.state.status === 'open' && !connection.state.leaving,
    transmit: (frame) => connection.transport?.send(frame),
  });
  const userId = () => (connection.state.status === 'open' ? connection.state.userId : lastUserId);
  let lastUserId: string | undefined;

  const memberships = createMemberships({
    options,
    wire: exchange,
    userId,
    gap(gap) {
      timeline.note('gap', { room: gap.room, reason: gap.reason });
      emitters.gap.emit(gap);
    },
    left(left) {
      timeline.note('left', { ...left });
      emitters.left.emit(left);
    },
    event(frame) {
      if (emitters.event.size > 0 && shown.add(frame.id)) emitters.event.emit(toEvent<AnyEvent<C>>(frame));
    },
    settled: () => outbox.pump(),
  });
  const outbox = createOutbox({
    options,
    pacer,
    budget,
    userId,
    failed,
    wire: exchange,
    isSettled: memberships.isSettled,
    epochOf: memberships.epochOf,
    settled: (outcome) => emitters.settled.emit(outcome),
  });
  const requests = createRequests({ options, wire: exchange, pacer, budget });
  const calls = createCalls(exchange);
  const renewal = createTokenRenewal({ clock, random, tokens, wire: exchange, failed });
  const connection = createConnection({
    options,
    tokens,
    timeline,
    received,
    changed,
    failed,
    rooms: memberships.forHello,
    whenQuiet: exchange.whenQuiet,
    opened(welcome) {
      lastUserId = welcome.userId;
      pacer.reset(welcome.limits);
      renewal.opened(welcome);
      memberships.opened();
      outbox.opened(welcome.limits);
      requests.pump();
    },
    dropped() {
      renewal.stop();
      exchange.drop();
      memberships.dropped();
      calls.dropped();
    },
  });

  function received(frame: ServerFrame): void {
    switch (frame.type) {
      case 'joined':
        exchange.answer(frame);
        return memberships.handleJoined(frame);
      case 'left':
        return memberships.handleLeft(frame);
      case 'event':
        return memberships.handleEvent(frame);
      case 'gap':
        return memberships.handleGap(frame);
      case 'presence':
        return changePresence(memberships.get(frame.room), frame);
      case 'receipt':
        return memberships.get(frame.room).receipts.heard(frame);
      case 'ack':
      case 'response':
      case 'progress':
        return void exchange.answer(frame);
      case 'error':
        if (!exchange.answer(frame) && !memberships.handleHelloError(frame)) failed(TrunklineError.from(frame));
        return;
      case 'call':
        return void calls.call(frame);
      case 'cancel':
        return calls.cancel(frame.of);
      case 'expiring':
        return renewal.expiring();
    }
  }

  function failed(error: unknown): void {
    const told =
      error instanceof TrunklineError
        ? error
        : new TrunklineError('unavailable', error instanceof Error ? error.message : String(error), { cause: error });
    timeline.note('error', { code: told.code, message: told.message });
    emitters.error.emit(told);
  }

  function changed(next: ConnectionState, previous: ConnectionState): void {
    if (next.status === 'closed') end(next);
    emitters.state.emit(next, previous);
    if (next.status === 'open' || next.status === 'closed') {
      for (const opening of openings) {
        if (next.status === 'open') opening.resolve();
        else opening.reject(closedError(next));
      }
      openings.clear();
    }
  }

  function end(state: ConnectionState & { status: 'closed' }): void {
    renewal.stop();
    memberships.end(closedError(state), state.cause.code === 1_000);
    requests.end();
    ending = outbox.end();
  }
  let ending: Promise<void> = Promise.resolve();

  function closedError({ cause }: ConnectionState & { status: 'closed' }): TrunklineError {
    const name = cause.reason || closeCodeRule(cause.code).name;
    return new TrunklineError(
      cause.code === 1_000 ? 'cancelled' : name,
      `The connection is closed: ${name} (${cause.code}).`,
      { cause, retryable: false },
    );
  }

  /** @throws {TrunklineError} once closed: only `connect` and `reconnect` begin again */
  function start(): void {
    if (connection.state.status === 'closed') throw closedError(connection.state);
    if (connection.state.status === 'idle') connection.dispatch({ type: 'connect' });
  }

  async function open(): Promise<void> {
    connection.dispatch({ type: 'connect' });
    if (connection.state.status === 'open') return;
    const opening = createDeferred<void>();
    openings.add(opening);
    await opening.promise;
  }

  async function publish(
    rooms: readonly string[],
    event: string,
    data: unknown,
    publishOptions: PublishOptions = {},
  ): Promise<PublishedToMany> {
    start();
    return await outbox.publish(rooms, event, data, publishOptions);
  }

  return {
    get state() {
      return connection.state;
    },
    queue: {
      get status() {
        return budget.status;
      },
      on: budget.changed.add,
    },
    get userId() {
      return userId();
    },
    get connectionId() {
      return connection.state.status === 'open' ? connection.state.connectionId : undefined;
    },
    connect: open,
    reconnect() {
      connection.dispatch({ type: 'lost', cause: { code: 1_012, reason: 'asked' }, random: 0 });
      return open();
    },
    async close() {
      connection.dispatch({ type: 'close', cause: { code: 1_000, reason: 'closed by the application' } });
      await ending;
    },
    room(kind: string, id?: string) {
      const name = id === undefined ? kind : `${kind}:${id}`;
      if (!parseRoomName(name))
        throw new TrunklineError('invalid_room', 'A room is kind:id; see PROTOCOL.md, "Rooms".');
      return createRoom({ name, memberships, requests, wire: exchange, start, publish });
    },
    publish,
    send: ({ connectionId, room }, event, data) =>
      exchange.send({ type: 'send', id: createId(), to: connectionId, room, event, data }),
    async request(action, data, requestOptions) {
      start();
      return (await requests.run({ type: 'request', action, data }, requestOptions as never)) as never;
    },
    handle: (method, handler) => calls.handle(method, handler as AnyCallHandler),
    on: (name, listener) => emitters[name].add(listener),
    explain: () => ({
      state: connection.state,
      nextAttemptAt: connection.nextAttemptAt,
      timeline: [...timeline.entries],
      rooms: memberships.all().map(({ name, status, cursor }) => ({ room: name, status, position: cursor.position })),
      queue: budget.status,
    }),
  };
}

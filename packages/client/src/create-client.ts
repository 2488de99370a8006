import { type Contract, type EventFrame, type ServerFrame, TrunklineError } from '@trunkline/protocol';
import { createBudget } from './budget.js';
import { type AnyCallHandler, createCalls } from './calls.js';
import type { Client, ClientEvents, PublishedToMany, PublishOptions } from './client-api.js';
import { createConnection } from './connection.js';
import type { ConnectionState } from './connection-state.js';
import { createDeferred, type Deferred, settleAll } from './deferred.js';
import type { AnyEvent } from './events.js';
import { createExchange } from './exchange.js';
import { createListeners, type Listeners } from './listeners.js';
import { createMemberships } from './memberships.js';
import { type ClientOptions, resolveOptions } from './options.js';
import { createOutbox } from './outbox.js';
import { createPacer } from './pacer.js';
import { createRecentIds } from './recent-ids.js';
import { createRoom, toEvent } from './room.js';
import { createTimeline } from './timeline.js';
import { createTokenRenewal } from './token-renewal.js';
import { createTokenSource } from './token-source.js';

type Emitters<C extends Contract> = { readonly [N in keyof ClientEvents<C>]: Listeners<ClientEvents<C>[N]> };
type Closed = ConnectionState & { readonly status: 'closed' };

const TIMELINE_ENTRIES = 100;
const REMEMBERED_EVENTS = 2_000;
const NORMAL = 1_000;

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
  const seen = createRecentIds(REMEMBERED_EVENTS);
  const timeline = createTimeline(clock, TIMELINE_ENTRIES);
  const tokens = createTokenSource(options.token, clock);
  const pacer = createPacer(clock);
  const budget = createBudget(options.queue);
  const userId = () => me;
  let me: string | undefined;
  let ending: Promise<void> = Promise.resolve();

  const wire = createExchange({
    pacer,
    isReady: () => connection.state.status === 'open' && !connection.state.leaving,
    transmit: (frame) => connection.send(frame),
  });
  const memberships = createMemberships({
    options,
    wire,
    userId,
    gap(gap) {
      timeline.note('gap', { ...gap });
      emitters.gap.emit(gap);
    },
    left(left) {
      timeline.note('left', { ...left });
      emitters.left.emit(left);
    },
    event: show,
    settled: () => outbox.pump(),
  });
  const outbox = createOutbox({
    options,
    wire,
    pacer,
    budget,
    memberships,
    userId,
    failed,
    settled: emitters.settled.emit,
  });
  const calls = createCalls(wire);
  const renewal = createTokenRenewal({ clock, random, tokens, wire, failed });
  const connection = createConnection({
    options,
    tokens,
    timeline,
    received,
    changed,
    failed,
    rooms: memberships.forHello,
    whenQuiet: wire.whenQuiet,
    opened(welcome) {
      me = welcome.userId;
      pacer.reset(welcome.limits);
      renewal.opened(welcome);
      memberships.opened();
      outbox.opened(welcome.limits);
    },
    dropped() {
      renewal.stop();
      wire.drop();
      memberships.dropped();
      calls.dropped();
    },
  });

  const handlers: { readonly [T in ServerFrame['type']]?: (frame: Extract<ServerFrame, { type: T }>) => unknown } = {
    joined(frame) {
      wire.answer(frame);
      memberships.get(frame.room).handleJoined(frame);
    },
    left: (frame) => memberships.find(frame.room)?.handleLeft(frame),
    event: (frame) => (memberships.find(frame.room)?.handleEvent ?? show)(frame),
    gap: (frame) => memberships.find(frame.room)?.handleGap(frame),
    presence: (frame) => memberships.find(frame.room)?.presence.change(frame),
    receipt: (frame) => memberships.find(frame.room)?.receipts.heard(frame),
    ack: wire.answer,
    response: wire.answer,
    progress: wire.answer,
    error(frame) {
      if (!wire.answer(frame) && !memberships.handleHelloError(frame)) failed(TrunklineError.from(frame));
    },
    call: calls.call,
    cancel: (frame) => calls.cancel(frame.of),
    expiring: renewal.expiring,
  };

  /** Clients ignore frames they do not know. */
  function received(frame: ServerFrame): void {
    if (Object.hasOwn(handlers, frame.type)) handlers[frame.type]?.(frame as never);
  }

  /** Once, however many rooms it came through. */
  function show(frame: EventFrame): void {
    if (seen.add(frame.id)) emitters.event.emit(toEvent<AnyEvent<C>>(frame));
  }

  function failed(error: unknown): void {
    const told =
      error instanceof TrunklineError ? error : new TrunklineError('unavailable', String(error), { cause: error });
    timeline.note('error', { code: told.code, message: told.message });
    emitters.error.emit(told);
  }

  function changed(next: ConnectionState, previous: ConnectionState): void {
    if (next.status === 'closed') {
      renewal.stop();
      memberships.end(closedError(next), next.cause.code === NORMAL);
      ending = outbox.end();
    }
    emitters.state.emit(next, previous);
    if (next.status !== 'open' && next.status !== 'closed') return;
    settleAll(openings, next.status === 'closed' ? closedError(next) : undefined);
    openings.clear();
  }

  function closedError({ cause }: Closed): TrunklineError {
    const code = cause.code === NORMAL ? 'cancelled' : cause.reason || 'unavailable';
    return new TrunklineError(code, `Closed: ${cause.code} ${cause.reason}`, { cause, retryable: false });
  }

  /** @throws {TrunklineError} once closed: only `connect` and `reconnect` begin again */
  function start(): void {
    const { state } = connection;
    if (state.status === 'closed') throw closedError(state);
    if (state.status === 'idle') connection.dispatch({ type: 'connect' });
  }

  async function connect(): Promise<void> {
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

  const on: Client<C>['on'] = (name, listener) => emitters[name].add(listener);

  return {
    get state() {
      return connection.state;
    },
    queue: budget,
    get userId() {
      return me;
    },
    get connectionId() {
      const { state } = connection;
      return state.status === 'open' ? state.connectionId : undefined;
    },
    connect,
    reconnect() {
      connection.dispatch({ type: 'lost', cause: { code: 1_012, reason: 'reconnect' }, random: 0 });
      return connect();
    },
    async close() {
      connection.dispatch({ type: 'close', cause: { code: NORMAL, reason: 'close' } });
      await ending;
    },
    room: (kind: string, id?: string) =>
      createRoom({
        membership: memberships.get(id === undefined ? kind : `${kind}:${id}`),
        outbox,
        wire,
        on,
        start,
        publish,
      }),
    publish,
    send: ({ connectionId, room }, event, data) => wire.ask({ type: 'send', to: connectionId, room, event, data }),
    async request(action, data, requestOptions) {
      start();
      return (await outbox.request({ type: 'request', action, data }, requestOptions as never)) as never;
    },
    handle: (method, handler) => calls.handle(method, handler as AnyCallHandler),
    on,
    explain: () => ({
      state: connection.state,
      nextAttemptAt: connection.nextAttemptAt,
      timeline: [...timeline.entries],
      rooms: memberships.all().map(({ room, status, position }) => ({ room, status, position })),
      queue: budget.status,
    }),
  };
}

import { type Contract, type ServerFrame, TrunklineError } from '@trunkline/protocol';
import { type AnyCallHandler, createCalls } from './calls.js';
import type { Client, ClientEvents } from './client-api.js';
import { type ConnectionParts, createConnection } from './connection.js';
import type { ConnectionState } from './connection-state.js';
import { createDeferred, type Settle, settleAll } from './deferred.js';
import type { AnyEvent, Gap, Left } from './events.js';
import { createExchange } from './exchange.js';
import { createListeners } from './listeners.js';
import type { MembershipParts, RoomFrame } from './membership-api.js';
import { createMemberships } from './memberships.js';
import { type ClientOptions, resolveOptions } from './options.js';
import { createOutbox } from './outbox.js';
import type { OutboxParts } from './outbox-api.js';
import { createPacer } from './pacer.js';
import { createQueue } from './queue.js';
import { createRecentIds } from './recent-ids.js';
import { toEvent } from './room.js';
import { createTimeline } from './timeline.js';
import { createTokenRenewal, type TokenRenewalParts } from './token-renewal.js';
import { createTokenSource } from './token-source.js';

type News<C extends Contract> = { [N in keyof ClientEvents<C>]: readonly [name: N, ...args: ClientEvents<C>[N]] };
type Closed = ConnectionState & { readonly status: 'closed' };

/**
 * A client of one Trunkline server. It connects with the first join, publish or request, or by `connect()`.
 *
 * @throws {TypeError} when an option is missing
 */
export function createClient<C extends Contract = Contract>(given: ClientOptions): Client<C> {
  const rememberedEvents = 2_000;
  const normal = 1_000;
  const options = resolveOptions(given);
  const { clock } = options;
  const { add, emit } = createListeners<[News<C>[keyof ClientEvents<C>]]>();
  const openings = new Set<Settle<void>>();
  const seen = createRecentIds(rememberedEvents);
  const timeline = createTimeline(clock);
  const tokens = createTokenSource(options.token, clock);
  const pacer = createPacer(clock);
  const queue = createQueue(options.queue);
  const userId = () => me;
  let me: string | undefined;
  let ending: Promise<void> = Promise.resolve();

  const wire = createExchange(
    pacer,
    () => connection.state.status === 'open' && !connection.state.leaving,
    (frame) => connection.send(frame),
  );
  const on: Client<C>['on'] = (name, listener) =>
    add(([what, ...args]) => {
      if (what === name) listener(...(args as never));
    });
  /** Each part takes what it needs of it. */
  const core: Omit<MembershipParts, 'outbox'> & OutboxParts & TokenRenewalParts & ConnectionParts = {
    options,
    wire,
    pacer,
    queue,
    tokens,
    timeline,
    userId,
    start,
    failed,
    received,
    changed,
    told,
    on,
    event: show,
    room: (name) => memberships.get(name),
    settled: (outcome) => emit(['settled', outcome]),
    rooms: (helloId) => memberships.forHello(helloId),
    opened(welcome) {
      me = welcome.userId;
      for (const part of [pacer, renewal, memberships, outbox]) part.opened(welcome);
    },
    dropped() {
      for (const part of [renewal, wire, memberships, calls]) part.dropped();
    },
  };
  const outbox = createOutbox(core);
  const memberships = createMemberships({ ...core, outbox });
  const calls = createCalls(wire);
  const renewal = createTokenRenewal(core);
  const connection = createConnection(core);

  const toRoom = (frame: RoomFrame) => memberships.find(frame.room)?.handlers[frame.type](frame as never);
  const handlers: { readonly [T in ServerFrame['type']]?: (frame: Extract<ServerFrame, { type: T }>) => unknown } = {
    joined(frame) {
      wire.answer(frame);
      memberships.get(frame.room).handlers.joined(frame);
    },
    left: toRoom,
    event: (frame) => (memberships.find(frame.room) ? toRoom(frame) : show(toEvent(frame))),
    gap: toRoom,
    presence: toRoom,
    receipt: toRoom,
    ack: wire.answer,
    response: wire.answer,
    progress: wire.answer,
    error(frame) {
      if (!wire.answer(frame) && !memberships.refused(frame)) failed(TrunklineError.from(frame));
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
  function show(event: AnyEvent<Contract>): void {
    if (seen.add(event.id)) emit(['event', event as never]);
  }

  function told(what: 'gap' | 'left', { type: _, ...detail }: (Gap | Left) & { readonly type?: string }): void {
    timeline.note(what, detail);
    emit([what, detail as never]);
  }

  function failed(cause: unknown): TrunklineError {
    const error = cause instanceof TrunklineError ? cause : new TrunklineError('unavailable', String(cause), { cause });
    timeline.note('error', { ...error.toBody() });
    emit(['error', error]);
    return error;
  }

  function changed(next: ConnectionState, previous: ConnectionState): void {
    const error = next.status === 'closed' ? closedError(next) : undefined;
    if (next.status === 'connecting') outbox.started();
    if (error) {
      renewal.dropped();
      memberships.end(error);
      ending = outbox.end();
    }
    emit(['state', next, previous]);
    if (error || next.status === 'open') settleAll(openings, error);
  }

  function closedError({ cause }: Closed): TrunklineError {
    const code = cause.code === normal ? 'cancelled' : cause.reason || 'unavailable';
    return new TrunklineError(code, undefined, { cause, retryable: false });
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
    const { promise, settle } = createDeferred<void>();
    openings.add(settle);
    await promise;
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
      const { state } = connection;
      return 'connectionId' in state ? state.connectionId : undefined;
    },
    connect,
    reconnect() {
      connection.dispatch({ type: 'lost', cause: { code: 1_012, reason: 'reconnect' }, random: 0 });
      return connect();
    },
    async close() {
      connection.dispatch({ type: 'close', cause: { code: normal, reason: 'close' } });
      await ending;
    },
    room: (kind: string, id?: string) => memberships.get(id === undefined ? kind : `${kind}:${id}`) as never,
    publish: outbox.publish,
    send: ({ connectionId, room }, event, data) => wire.ask({ type: 'send', to: connectionId, room, event, data }),
    request: (action, data, requestOptions) =>
      outbox.request({ type: 'request', action, data }, requestOptions as never) as never,
    handle: (method, handler) => calls.handle(method, handler as AnyCallHandler),
    on,
    explain: () => ({
      state: connection.state,
      nextAttemptAt: connection.nextAttemptAt,
      timeline: [...timeline.entries],
      rooms: memberships.all().map(({ name: room, status, position }) => ({ room, status, position })),
      queue: queue.status,
    }),
  };
}

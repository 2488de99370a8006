import {
  BEARER_SUBPROTOCOL_PREFIX,
  createId,
  type ErrorFrame,
  type GoawayFrame,
  type RoomRequest,
  type ServerFrame,
  SUBPROTOCOL,
  TrunklineError,
  type WelcomeFrame,
} from '@trunkline/protocol';
import { after } from './clock.js';
import { type Cause, type ConnectionInput, type ConnectionState, transition } from './connection-state.js';
import { createLiveness, type Liveness } from './liveness.js';
import type { ResolvedOptions } from './options.js';
import type { Timeline } from './timeline.js';
import type { TokenSource } from './token-source.js';
import { openTransport, type Transport } from './transport.js';
import { onWake } from './wake.js';

export interface ConnectionParts {
  readonly options: ResolvedOptions;
  readonly tokens: TokenSource;
  readonly timeline: Timeline;
  /** The rooms of the next hello. */
  readonly rooms: (helloId: string) => readonly RoomRequest[];
  readonly opened: (welcome: WelcomeFrame) => void;
  readonly received: (frame: ServerFrame) => void;
  /** An open connection is gone. */
  readonly dropped: () => void;
  readonly changed: (next: ConnectionState, previous: ConnectionState) => void;
  readonly failed: (error: unknown) => void;
  /** Calls back once no acks are waited for. */
  readonly whenQuiet: (run: () => void) => void;
}

export interface Connection {
  readonly state: ConnectionState;
  readonly nextAttemptAt: number | undefined;
  readonly transport: Transport | undefined;
  dispatch(input: ConnectionInput): void;
}

const STABLE_MS = 5_000;
/** A clean 1000 would end my presence at once; I am coming back. */
const COMING_BACK = 4_000;

/** Drives the state machine: does what a state asks for when it is entered, and tells it what happened. */
export function createConnection(parts: ConnectionParts): Connection {
  const { options, tokens, timeline } = parts;
  const { clock, random } = options;
  let state: ConnectionState = { status: 'idle' };
  let transport: Transport | undefined;
  let liveness: Liveness | undefined;
  let cancelTimer = () => {};
  let cancelDrain = () => {};
  let stopWake = () => {};
  let session: string | undefined;
  let spreadMs = 1_000;
  let nextAttemptAt: number | undefined;
  let refusedMs = 0;
  const probeId = createId();

  function dispatch(input: ConnectionInput, prepare?: () => void): void {
    const previous = state;
    const rules = { ...options.backoff, spreadMs, renewable: tokens.renewable, maxAttempts: options.maxAttempts };
    const next = transition(previous, input, rules);
    if (next === previous) return;
    state = next;
    if (next.status !== previous.status) leave(previous, next);
    const cause = 'cause' in next ? next.cause : undefined;
    timeline.note(next.status, {
      ...cause,
      ...(next.status === 'waiting' && { delayMs: next.delayMs }),
      on: input.type,
    });
    prepare?.();
    parts.changed(next, previous);
    if (state === next && next.status !== previous.status) enter(next);
  }

  function leave(previous: ConnectionState, next: ConnectionState): void {
    cancelTimer();
    nextAttemptAt = undefined;
    if (next.status !== 'waiting' && next.status !== 'closed') return;
    cancelDrain();
    liveness?.stop();
    transport?.close(
      next.status === 'closed' ? 1_000 : COMING_BACK,
      next.status === 'waiting' && next.cause.code === 1006,
    );
    transport = undefined;
    tokens.abandon();
    if (previous.status === 'open') parts.dropped();
  }

  function enter(current: ConnectionState): void {
    switch (current.status) {
      case 'connecting':
        stopWake();
        stopWake = options.wake ? onWake(wake) : stopWake;
        refusedMs = 0;
        cancelTimer = after(clock, options.tokenTimeoutMs, () => lose('token_timeout'));
        void connect(current);
        return;
      case 'authenticating':
        cancelTimer = after(clock, options.connectTimeoutMs, () => lose('welcome_timeout'));
        return;
      case 'open':
        cancelTimer = after(clock, STABLE_MS, () => dispatch({ type: 'stable' }));
        return;
      case 'waiting':
        nextAttemptAt = clock.now() + current.delayMs;
        cancelTimer = after(clock, current.delayMs, () => dispatch({ type: 'retry' }));
        tell(current);
        return;
      case 'closed':
        session = undefined;
        stopWake();
    }
  }

  /** No promise carries these; an application that heard nothing would wait for ever. */
  function tell({ opaque, refusals, cause }: ConnectionState & { status: 'waiting' }): void {
    if (opaque === 3)
      parts.failed(
        new TrunklineError(
          'unavailable',
          'The server can not be reached, or refuses this token before the socket opens.',
          { cause },
        ),
      );
    if (refusals === 2)
      parts.failed(
        new TrunklineError('unauthenticated', `The server refused a new token too (${cause.reason}).`, { cause }),
      );
  }

  function lose(reason: string, code = 1006): void {
    dispatch({ type: 'lost', cause: { code, reason }, random: random() });
  }

  async function connect(mine: ConnectionState & { status: 'connecting' }): Promise<void> {
    let token: string | undefined;
    let url: string;
    try {
      token = await tokens.get(mine.newToken ? 'refused' : 'connect');
      url = typeof options.url === 'function' ? await options.url() : options.url;
    } catch (error) {
      if (state !== mine) return;
      const final = error instanceof TrunklineError && !error.retryable;
      parts.failed(error);
      dispatch({ type: 'lost', cause: { code: 4005, reason: 'token_unavailable' }, final, random: random() });
      return;
    }
    if (state !== mine) return;
    cancelTimer();
    cancelTimer = after(clock, options.connectTimeoutMs, () => lose('connect_timeout'));
    open(url, token);
  }

  function open(url: string, token: string | undefined): void {
    const protocols = [SUBPROTOCOL];
    if (token !== undefined && options.tokenIn === 'subprotocol') protocols.push(BEARER_SUBPROTOCOL_PREFIX + token);
    const query =
      token !== undefined && options.tokenIn === 'query'
        ? `${url.includes('?') ? '&' : '?'}token=${encodeURIComponent(token)}`
        : '';
    let mine: Transport;
    try {
      mine = openTransport(new options.WebSocket(url + query, protocols), {
        opened() {
          dispatch({ type: 'opened' });
          const id = createId();
          mine.send({
            type: 'hello',
            id,
            ...(token !== undefined && options.tokenIn === 'hello' && { token }),
            ...(session !== undefined && { session }),
            ...(options.contractId !== undefined && { contractId: options.contractId }),
            rooms: parts.rooms(id),
          });
        },
        received,
        closed: (cause) => dispatch({ type: 'lost', cause, random: random(), minDelayMs: refusedMs }),
      });
      transport = mine;
    } catch (error) {
      parts.failed(error);
      lose('socket_failed', 4005);
    }
  }

  function received(frame: ServerFrame | null): void {
    liveness?.heard();
    if (!frame) return;
    if (frame.type === 'welcome') welcome(frame);
    else if (frame.type === 'ping') transport?.send({ type: 'pong' });
    else if (frame.type === 'goaway') goaway(frame);
    else if (frame.type === 'error' && state.status === 'authenticating') refusedHello(frame);
    else if (!('id' in frame) || frame.id !== probeId) parts.received(frame);
  }

  function welcome(frame: WelcomeFrame): void {
    if (state.status !== 'authenticating') return;
    session = frame.session;
    spreadMs = frame.limits.reconnectSpreadMs;
    liveness = createLiveness({
      clock,
      windowMs: frame.heartbeat.intervalMs + frame.heartbeat.timeoutMs,
      // Leaving a room one is not in is answered and changes nothing.
      probe: () => transport?.send({ type: 'leave', id: probeId, room: 'system:probe' }),
      dead: () => lose('heartbeat_timeout'),
    });
    // What waited goes before what listeners of the new state send.
    dispatch({ type: 'welcomed', connectionId: frame.connectionId, userId: frame.userId }, () => parts.opened(frame));
  }

  /** The close that follows decides; a refusal that cures itself is nobody's business. */
  function refusedHello({ code, message, retryAfterMs = 0 }: ErrorFrame): void {
    refusedMs = retryAfterMs;
    timeline.note('refused', { code, message });
  }

  function goaway({ code, reason, reconnect, afterMs }: GoawayFrame): void {
    timeline.note('goaway', { code, reason, afterMs });
    const cause: Cause = { code, reason };
    const go = (minDelayMs = 0) => dispatch({ type: 'lost', cause, final: !reconnect, random: random(), minDelayMs });
    if (code !== 1012) return go(Math.max(afterMs, refusedMs));
    dispatch({ type: 'leaving' });
    cancelDrain = after(clock, afterMs, () => go());
    parts.whenQuiet(() => go());
  }

  function wake(): void {
    dispatch({ type: 'retry' });
    if (state.status === 'open') liveness?.check();
  }

  return {
    get state() {
      return state;
    },
    get nextAttemptAt() {
      return nextAttemptAt;
    },
    get transport() {
      return transport;
    },
    dispatch,
  };
}

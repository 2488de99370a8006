import {
  createId,
  type GoawayFrame,
  type RoomRequest,
  type ServerFrame,
  SUBPROTOCOL,
  type TrunklineError,
  type WelcomeFrame,
} from '@trunkline/protocol';
import { after } from './clock.js';
import { type Cause, type ConnectionInput, type ConnectionState, transition } from './connection-state.js';
import type { Exchange } from './exchange.js';
import { createLiveness, type Liveness } from './liveness.js';
import type { ResolvedOptions } from './options.js';
import { fault } from './outbox-item.js';
import type { TimelineEntry } from './timeline.js';
import type { Tokens } from './tokens.js';
import { type Outgoing, openTransport, type Transport } from './transport.js';
import { onWake } from './wake.js';

export interface ConnectionParts {
  readonly options: ResolvedOptions;
  readonly wire: Pick<Exchange, 'ask' | 'whenQuiet'>;
  /** For `explain()`. */
  readonly note: (what: string, detail: TimelineEntry['detail']) => void;
  /** The rooms of the next hello. */
  readonly rooms: () => readonly RoomRequest[];
  readonly opened: (welcome: WelcomeFrame) => void;
  readonly received: (frame: ServerFrame) => void;
  /** An open connection is gone. */
  readonly dropped: () => void;
  readonly changed: (next: ConnectionState, previous: ConnectionState) => void;
  /** Tells it, as an error of ours. */
  readonly failed: (error: unknown) => TrunklineError;
}

export interface Connection {
  readonly state: ConnectionState;
  readonly nextAttemptAt: number | undefined;
  send(frame: Outgoing): void;
  dispatch(input: ConnectionInput): void;
}

/** Drives the state machine: does what a state asks for when it is entered, and tells it what happened. */
export function createConnection(parts: ConnectionParts, tokens: Tokens): Connection {
  const stableMs = 5_000;
  const noCode = 1_006;
  /** A clean 1000 would end my presence at once; I am coming back. */
  const comingBack = 4_000;
  const serviceRestart = 1_012;
  const unavailable = 4_005;
  const { options, wire, note, failed } = parts;
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
  /** The server wants no try before it. */
  let notBefore = 0;

  function dispatch(input: ConnectionInput, prepare?: () => void): void {
    const previous = state;
    const next = transition(previous, input, {
      ...options,
      ...options.backoff,
      spreadMs,
      renewable: tokens.renewable,
    });
    state = next;
    if (next === previous) return;
    const moved = next.status !== previous.status;
    if (moved) leave(previous, next);
    note(next.status, { ...next, on: input.type });
    prepare?.();
    parts.changed(next, previous);
    if (moved && state === next) enter(next);
  }

  function leave(previous: ConnectionState, next: ConnectionState): void {
    cancelTimer();
    nextAttemptAt = undefined;
    const isClosed = next.status === 'closed';
    if (next.status !== 'waiting' && !isClosed) return;
    cancelDrain();
    liveness?.stop();
    transport?.close(isClosed ? 1_000 : comingBack, !isClosed && next.cause.code === noCode);
    transport = undefined;
    tokens.abandon(isClosed);
    // Before anybody is told, who may connect again at once, as somebody else.
    if (isClosed) {
      session = undefined;
      stopWake();
    }
    if (previous.status === 'open') parts.dropped();
  }

  function enter(current: ConnectionState): void {
    switch (current.status) {
      case 'connecting':
        stopWake();
        if (options.wake) stopWake = onWake(wake);
        refusedMs = 0;
        patience(options.tokenTimeoutMs);
        void connect(current);
        break;
      case 'authenticating':
        patience(options.connectTimeoutMs);
        break;
      case 'open':
        cancelTimer = after(clock, stableMs, () => dispatch({ type: 'stable' }));
        break;
      case 'waiting':
        nextAttemptAt = clock.now() + current.delayMs;
        cancelTimer = after(clock, current.delayMs, () => dispatch({ type: 'retry' }));
        // No promise carries this; an application that heard nothing would wait for ever.
        if (current.opaque === 3 || current.refusals === 2) {
          failed(fault(current.opaque > 0 ? 'unavailable' : 'unauthenticated'));
        }
    }
  }

  function lose(cause: Cause, minDelayMs = refusedMs, final = false): void {
    notBefore = clock.now() + minDelayMs;
    dispatch({ type: 'lost', cause, final, minDelayMs, random: random() });
  }

  /** Nothing came in time. */
  function lapse(): void {
    lose({ code: noCode, reason: 'timeout' });
  }

  function patience(timeoutMs: number): void {
    cancelTimer();
    cancelTimer = after(clock, timeoutMs, lapse);
  }

  async function connect(mine: ConnectionState & { readonly status: 'connecting' }): Promise<void> {
    try {
      const token = await tokens.get(mine.newToken ? 'refused' : 'connect');
      const url = typeof options.url === 'function' ? await options.url() : options.url;
      if (state !== mine) return;
      patience(options.connectTimeoutMs);
      open(url, token);
    } catch (error) {
      if (state !== mine) return;
      const { code, retryable } = failed(error);
      lose({ code: unavailable, reason: code, error }, 0, !retryable);
    }
  }

  function open(url: string, token: string | undefined): void {
    transport = openTransport(new options.WebSocket(url, [SUBPROTOCOL]), {
      opened() {
        dispatch({ type: 'opened' });
        transport?.send({
          type: 'hello',
          id: createId(),
          token,
          session,
          contractId: options.contractId,
          batch: true,
          rooms: parts.rooms(),
        });
      },
      received,
      failed,
      closed: lose,
    });
  }

  function received(frame: ServerFrame | null): void {
    liveness?.heard();
    if (!frame) return;
    if (frame.type === 'welcome') welcome(frame);
    else if (frame.type === 'ping') {
      spreadMs = frame.reconnectSpreadMs ?? spreadMs;
      transport?.send({ type: 'pong' });
    } else if (frame.type === 'goaway') goaway(frame);
    else if (frame.type === 'error' && state.status === 'authenticating') {
      // The close that follows decides; a refusal that cures itself is nobody's business.
      refusedMs = frame.retryAfterMs ?? 0;
    } else parts.received(frame);
  }

  function welcome(frame: WelcomeFrame): void {
    const { intervalMs, timeoutMs } = frame.heartbeat;
    session = frame.session;
    spreadMs = frame.limits.reconnectSpreadMs;
    liveness = createLiveness(clock, intervalMs + timeoutMs, {
      // Leaving a room one is not in is answered and changes nothing.
      probe: () => wire.ask({ type: 'leave', room: 'system:probe' }, () => {}),
      dead: lapse,
    });
    // What waited goes before what listeners of the new state send.
    dispatch({ ...frame, type: 'welcomed' }, () => parts.opened(frame));
  }

  function goaway({ code, reason, reconnect, afterMs = 0 }: GoawayFrame): void {
    const go = (minDelayMs?: number) => lose({ code, reason }, minDelayMs, !reconnect);
    if (code === serviceRestart) {
      dispatch({ type: 'leaving' });
      cancelDrain();
      cancelDrain = after(clock, afterMs, go);
      wire.whenQuiet(go);
    } else go(Math.max(afterMs, refusedMs));
  }

  function wake(): void {
    if (clock.now() >= notBefore) dispatch({ type: 'retry' });
    if (state.status === 'open') liveness?.check();
  }

  return {
    get state() {
      return state;
    },
    get nextAttemptAt() {
      return nextAttemptAt;
    },
    send: (frame) => transport?.send(frame),
    dispatch,
  };
}

import {
  createId,
  type ErrorFrame,
  type EventFrame,
  type GapFrame,
  type JoinedFrame,
  type LeftFrame,
  type RoomRequest,
  TrunklineError,
} from '@trunkline/protocol';
import { backoffMs } from './backoff.js';
import type { JoinedInfo, JoinOptions } from './client-api.js';
import { after } from './clock.js';
import { cancelled, checkSignal, createDeferred, onImpatience, settleAll } from './deferred.js';
import type { Gap, Left } from './events.js';
import type { Wire } from './exchange.js';
import { createMembership, forget, type Membership, setStatus } from './membership.js';
import type { ResolvedOptions } from './options.js';

export interface MembershipsParts {
  readonly options: ResolvedOptions;
  readonly wire: Wire;
  readonly gap: (gap: Gap) => void;
  readonly left: (left: Left) => void;
  readonly event: (frame: EventFrame) => void;
  readonly userId: () => string | undefined;
  /** A room's join was answered. */
  readonly settled: () => void;
}

/** The rooms this client wants to be in, and the protocol that gets it there again after each drop. */
export interface Memberships {
  all(): readonly Membership[];
  get(name: string): Membership;
  join(room: Membership, options: JoinOptions): Promise<JoinedInfo>;
  leave(room: Membership): Promise<void>;
  /** The rooms for a hello, as many as fit; they count as asked from now on. */
  forHello(helloId: string): readonly RoomRequest[];
  opened(): void;
  dropped(): void;
  /** Refuses everybody who waits. What was joined is joined again by a later connection, unless the application closed this one. */
  end(error: TrunklineError, isOwnWish: boolean): void;
  handleJoined(frame: JoinedFrame): void;
  /** False when it is not about a room of the hello. */
  handleHelloError(frame: ErrorFrame): boolean;
  handleLeft(frame: LeftFrame): void;
  handleEvent(frame: EventFrame): void;
  handleGap(frame: GapFrame): void;
}

/** A hello is at most 64 kB; the rest is for its token and session. */
const HELLO_ROOMS_BYTES = 44_000;

export function createMemberships(parts: MembershipsParts): Memberships {
  const { options, wire } = parts;
  const { clock, random, backoff } = options;
  const rooms = new Map<string, Membership>();
  let hello: { readonly id: string; readonly rooms: readonly Membership[] } | undefined;

  function get(name: string): Membership {
    const room = rooms.get(name) ?? createMembership(name, clock, wire);
    rooms.set(name, room);
    return room;
  }

  function requestOf({ room, cursor: { position }, rewind }: Membership): RoomRequest {
    return { room, ...(position ? { position } : rewind !== undefined && { rewind }) };
  }

  function askToJoin(room: Membership): void {
    room.cancelRetry();
    setStatus(room, 'joining');
    wire.ask({ type: 'join', id: createId(), ...requestOf(room) }, (answer) => {
      if (answer?.type === 'error') refused(room, answer);
    });
  }

  function refused(room: Membership, body: ErrorFrame): void {
    if (room.status !== 'joining') return;
    const error = TrunklineError.from(body);
    if (error.retryable) {
      retry(room, error.retryAfterMs);
      return;
    }
    const wasIn = room.joined;
    room.wanted -= room.waiters.size;
    lose(room);
    settle(room, error);
    if (wasIn) parts.left({ room: room.room, reason: error.code, retryable: false });
    parts.settled();
  }

  /** The server does not want us there; only somebody who still holds a join tries again, with the next connection. */
  function lose(room: Membership): void {
    room.joined = undefined;
    setStatus(room, room.wanted > 0 ? 'refused' : 'out');
  }

  function retry(room: Membership, retryAfterMs = 0): void {
    room.cancelRetry();
    room.cancelRetry = after(clock, Math.max(retryAfterMs, backoffMs(backoff, room.failures++, random())), () => {
      if (room.wanted > 0 && wire.ready) askToJoin(room);
    });
  }

  function settle({ waiters }: Membership, outcome: JoinedInfo | TrunklineError): void {
    settleAll(waiters, outcome);
    waiters.clear();
  }

  function tellGap(room: Membership, { reason, from, position }: Omit<Gap, 'room'>): void {
    room.liveFrom = position;
    parts.gap({ room: room.room, reason, from, position });
  }
  function leaveNow(room: Membership): Promise<void> | void {
    room.cancelRetry();
    settle(room, cancelled());
    if (room.status !== 'out' && wire.ready) return askToLeave(room);
    out(room);
  }
  function askToLeave(room: Membership): Promise<void> {
    setStatus(room, 'leaving');
    return new Promise((resolve) => {
      wire.ask({ type: 'leave', room: room.room }, () => {
        if (room.status === 'leaving') out(room);
        resolve();
      });
    });
  }
  function out(room: Membership): void {
    forget(room);
    setStatus(room, 'out');
    if (room.wanted > 0 && wire.ready) askToJoin(room);
  }

  return {
    all: () => [...rooms.values()],
    get,

    async join(room, { rewind, signal }) {
      checkSignal(signal);
      room.wanted++;
      if (room.status === 'joined' && room.joined) return room.joined;
      room.rewind ??= rewind;
      const waiter = createDeferred<JoinedInfo>();
      room.waiters.add(waiter);
      const stop = onImpatience({ clock, signal }, (error) => {
        if (!room.waiters.delete(waiter)) return;
        waiter.reject(error);
        room.wanted--;
        if (room.wanted === 0) void leaveNow(room);
      });
      if (wire.ready && (room.status === 'out' || room.status === 'refused')) askToJoin(room);
      try {
        return await waiter.promise;
      } finally {
        stop();
      }
    },

    async leave(room) {
      room.wanted = Math.max(0, room.wanted - 1);
      // A component that is taken down and put up again in one go keeps its room.
      await Promise.resolve();
      if (room.wanted === 0 && room.status !== 'leaving') await leaveNow(room);
    },

    forHello(id) {
      let bytes = 0;
      const asked = [...rooms.values()].filter((room) => {
        const size = JSON.stringify(requestOf(room)).length + 1;
        if (room.wanted === 0 || bytes + size > HELLO_ROOMS_BYTES) return false;
        bytes += size;
        setStatus(room, 'joining');
        return true;
      });
      hello = { id, rooms: asked };
      return asked.map(requestOf);
    },

    opened() {
      for (const room of rooms.values()) {
        const asked = hello?.rooms.includes(room);
        if (room.wanted > 0 && !asked) askToJoin(room);
        // Left while the hello was on its way.
        if (room.wanted === 0 && asked) void askToLeave(room);
      }
    },

    dropped() {
      for (const room of rooms.values()) {
        room.cancelRetry();
        if (room.status === 'leaving') out(room);
        else if (room.wanted > 0) setStatus(room, 'joining');
      }
    },

    end(error, isOwnWish) {
      for (const room of rooms.values()) {
        room.cancelRetry();
        room.wanted = isOwnWish ? 0 : room.wanted - room.waiters.size;
        if (isOwnWish) forget(room);
        settle(room, error);
        setStatus(room, 'out');
      }
    },

    handleJoined({ room: name, position, recovered, reason, missed, presence }) {
      const room = get(name);
      if (room.status === 'leaving') return;
      // The server joined by itself: that counts as one join.
      room.wanted ||= 1;
      const from = room.cursor.position;
      room.cursor.moveTo(position);
      if (!from) room.liveFrom = position;
      room.failures = 0;
      room.joined = { position, recovered, reason, missed };
      setStatus(room, 'joined');
      if (presence) room.presence.sync(presence);
      if (reason) tellGap(room, { reason, from, position });
      settle(room, room.joined);
      room.presence.joined();
      room.receipts.joined();
      parts.settled();
    },

    handleHelloError(frame) {
      const [, index] = /^rooms\.(\d+)/.exec(frame.path ?? '') ?? [];
      const room = frame.id === hello?.id ? hello?.rooms[Number(index)] : undefined;
      if (room) refused(room, frame);
      return room !== undefined;
    },

    handleLeft({ room: name, reason, retryable }) {
      const room = get(name);
      if (room.status === 'leaving' || room.status === 'out') return;
      if (retryable) {
        setStatus(room, 'joining');
        retry(room);
      } else lose(room);
      parts.left({ room: name, reason, retryable });
    },

    handleEvent(frame) {
      const room = rooms.get(frame.room);
      if (!room) return parts.event(frame);
      if (room.status !== 'joined') return;
      const verdict = room.cursor.judge(frame);
      if (verdict === 'hole') askToJoin(room);
      if (verdict !== 'deliver') return;
      const { from, event, data } = frame;
      if (event === 'typing' && 'userId' in from && from.userId !== parts.userId()) {
        room.typing.heard(from.userId, (data as { isTyping?: boolean } | null)?.isTyping !== false);
      }
      room.events.emit(frame);
      parts.event(frame);
    },

    handleGap({ room: name, reason, from, position }) {
      const room = get(name);
      if (room.status !== 'joined') return;
      room.cursor.moveTo(position);
      tellGap(room, { reason, from, position });
    },
  };
}

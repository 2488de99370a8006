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
import { createDeferred, onAbort } from './deferred.js';
import type { Gap, Left } from './events.js';
import type { Wire } from './exchange.js';
import { createMembership, forget, isWatched, type Membership, setPresence, setStatus } from './membership.js';
import type { ResolvedOptions } from './options.js';
import { syncPresence } from './presence.js';

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
  /** False while a join is under way. */
  isSettled(name: string): boolean;
  epochOf(name: string): string | undefined;
  join(name: string, options: JoinOptions): Promise<JoinedInfo>;
  leave(name: string): Promise<void>;
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
    const known = rooms.get(name);
    if (known) return known;
    const room = createMembership(name, clock, wire);
    rooms.set(name, room);
    return room;
  }
  const isWanted = (room: Membership) => room.wanted > 0 || room.automatic;

  function requestOf({ name, cursor, rewind }: Membership): RoomRequest {
    const { position } = cursor;
    return { room: name, ...(position && { position }), ...(rewind !== undefined && !position && { rewind }) };
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
    if (error.retryable) return retry(room, error.retryAfterMs);
    const wasIn = room.joined !== undefined;
    room.wanted -= room.waiters.size;
    room.automatic = false;
    room.joined = undefined;
    setStatus(room, isWanted(room) ? 'refused' : 'out');
    settle(room, error);
    if (wasIn) tellLeft(room, { room: room.name, reason: error.code, retryable: false });
    parts.settled();
  }

  function retry(room: Membership, retryAfterMs = 0): void {
    room.cancelRetry();
    const delayMs = Math.max(retryAfterMs, backoffMs(backoff, room.failures++, random()));
    room.cancelRetry = after(clock, delayMs, () => {
      if (isWanted(room) && wire.ready) askToJoin(room);
    });
  }

  function settle(room: Membership, outcome: JoinedInfo | TrunklineError): void {
    const waiters = [...room.waiters];
    room.waiters.clear();
    for (const waiter of waiters) {
      if (outcome instanceof TrunklineError) waiter.reject(outcome);
      else waiter.resolve(outcome);
    }
  }

  function tellGap(room: Membership, gap: Gap): void {
    room.gaps.emit(gap);
    parts.gap(gap);
  }
  function tellLeft(room: Membership, left: Left): void {
    room.lefts.emit(left);
    parts.left(left);
  }

  async function leaveNow(room: Membership): Promise<void> {
    room.cancelRetry();
    settle(room, new TrunklineError('cancelled', 'The room was left before it was joined.'));
    if (room.status === 'out' || !wire.ready) return out(room);
    const gone = createDeferred<void>();
    askToLeave(room, gone.resolve);
    return await gone.promise;
  }
  function askToLeave(room: Membership, done = () => {}): void {
    setStatus(room, 'leaving');
    wire.ask({ type: 'leave', id: createId(), room: room.name }, () => {
      if (room.status === 'leaving') out(room);
      done();
    });
  }
  function out(room: Membership): void {
    forget(room);
    setStatus(room, 'out');
    if (room.wanted > 0) {
      if (wire.ready) askToJoin(room);
    } else if (!isWatched(room)) rooms.delete(room.name);
  }

  return {
    all: () => [...rooms.values()],
    get,
    isSettled: (name) => rooms.get(name)?.status !== 'joining' && rooms.get(name)?.status !== 'leaving',
    epochOf: (name) => (rooms.get(name)?.status === 'joined' ? rooms.get(name)?.cursor.position?.epoch : undefined),

    async join(name, { rewind, signal }) {
      const room = get(name);
      room.wanted++;
      if (room.status === 'joined' && room.joined) return room.joined;
      room.rewind ??= rewind;
      const waiter = createDeferred<JoinedInfo>();
      room.waiters.add(waiter);
      const stop = onAbort(signal, () => {
        if (!room.waiters.delete(waiter)) return;
        room.wanted--;
        waiter.reject(new TrunklineError('cancelled', 'The join was given up.', { cause: signal?.reason }));
        if (!isWanted(room)) void leaveNow(room);
      });
      if (wire.ready && (room.status === 'out' || room.status === 'refused')) askToJoin(room);
      try {
        return await waiter.promise;
      } finally {
        stop();
      }
    },

    async leave(name) {
      const room = get(name);
      if (room.wanted > 0) room.wanted--;
      // A component that is taken down and put up again in one go keeps its room.
      await Promise.resolve();
      if (room.wanted === 0 && room.status !== 'leaving') await leaveNow(room);
    },

    forHello(id) {
      let bytes = 0;
      const asked: Membership[] = [];
      const requests: RoomRequest[] = [];
      for (const room of rooms.values()) {
        const request = isWanted(room) ? requestOf(room) : undefined;
        if (!request || bytes + JSON.stringify(request).length > HELLO_ROOMS_BYTES) continue;
        bytes += JSON.stringify(request).length + 1;
        setStatus(room, 'joining');
        requests.push(request);
        asked.push(room);
      }
      hello = { id, rooms: asked };
      return requests;
    },

    opened() {
      for (const room of rooms.values()) {
        const asked = hello?.rooms.includes(room);
        if (isWanted(room) && !asked) askToJoin(room);
        // Left while the hello was on its way.
        if (!isWanted(room) && asked) askToLeave(room);
      }
    },

    dropped() {
      for (const room of rooms.values()) {
        room.cancelRetry();
        if (room.status === 'leaving') out(room);
        else if (isWanted(room)) setStatus(room, 'joining');
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

    handleJoined(frame) {
      const room = get(frame.room);
      if (room.status === 'leaving') return;
      if (!isWanted(room)) room.automatic = true;
      const { position, recovered, reason, missed, presence } = frame;
      const from = room.cursor.position;
      room.cursor.moveTo(position);
      if (!recovered || !room.liveFrom) room.liveFrom = position;
      room.failures = 0;
      room.joined = { position, recovered, reason, missed };
      setStatus(room, 'joined');
      setPresence(room, syncPresence(room.presence, presence ?? room.presence));
      if (reason) tellGap(room, { room: room.name, reason, from, position });
      settle(room, room.joined);
      if (room.myState) wire.send({ type: 'presence', id: createId(), room: room.name, ...room.myState });
      room.receipts.joined();
      parts.settled();
    },

    handleHelloError(frame) {
      const index = /^rooms\.(\d+)/.exec(frame.path ?? '')?.[1];
      const room = frame.id === hello?.id && index !== undefined ? hello?.rooms[Number(index)] : undefined;
      if (room) refused(room, frame);
      return room !== undefined;
    },

    handleLeft({ room: name, reason, retryable }) {
      const room = rooms.get(name);
      if (!room || room.status === 'leaving' || room.status === 'out') return;
      if (!retryable) room.automatic = false;
      if (!retryable) room.joined = undefined;
      setStatus(room, retryable ? 'joining' : 'refused');
      tellLeft(room, { room: name, reason, retryable });
      if (retryable && room.status === 'joining') retry(room);
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
      const room = rooms.get(name);
      if (room?.status !== 'joined') return;
      room.cursor.moveTo(position);
      room.liveFrom = position;
      tellGap(room, { room: name, reason, from, position });
    },
  };
}

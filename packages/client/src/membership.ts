import { type ErrorFrame, type EventFrame, type Position, type RoomRequest, TrunklineError } from '@trunkline/protocol';
import { backoffMs } from './backoff.js';
import type { JoinedInfo, RoomStatus } from './client-api.js';
import { after } from './clock.js';
import { cancelled, checkSignal, createDeferred, type Deferred, onImpatience, settleAll } from './deferred.js';
import type { Gap } from './events.js';
import { createListeners } from './listeners.js';
import type { Membership, MembershipParts } from './membership-api.js';
import { createPresence } from './presence.js';
import { createReceipts } from './receipts.js';
import { createRoomCursor } from './room-cursor.js';
import { createTyping } from './typing.js';

export function createMembership(room: string, parts: MembershipParts): Membership {
  const { options, wire, settled } = parts;
  const { clock, random, backoff } = options;
  const waiters = new Set<Deferred<JoinedInfo>>();
  const events = createListeners<[EventFrame]>();
  const statuses = createListeners<[RoomStatus]>();
  let status: RoomStatus = 'out';
  /** Joins without their leave; one that the server made by itself counts. */
  let wanted = 0;
  let cursor = createRoomCursor();
  let rewind: number | undefined;
  let liveFrom: Position | undefined;
  let info: JoinedInfo | undefined;
  let failures = 0;
  let cancelRetry = () => {};

  const presence = createPresence((state) => status === 'joined' && wire.ask({ type: 'presence', room, state }));
  const typing = createTyping(clock, (isTyping) =>
    wire.ask({ type: 'publish', room, event: 'typing', data: { isTyping } }),
  );
  const receipts = createReceipts(
    clock,
    (kind, at, told) => wire.ask({ type: 'read', room, kind, ...at }, told),
    () => cursor.position,
  );

  function become(next: RoomStatus): void {
    if (status === next) return;
    status = next;
    statuses.emit(next);
  }

  function settle(outcome: JoinedInfo | TrunklineError): void {
    settleAll(waiters, outcome);
    waiters.clear();
  }

  function request(): RoomRequest {
    const { position } = cursor;
    return { room, ...(position ? { position } : rewind !== undefined && { rewind }) };
  }

  function askToJoin(): void {
    cancelRetry();
    become('joining');
    wire.ask({ type: 'join', ...request() }, (answer) => {
      if (answer?.type === 'error') refused(answer);
    });
  }

  function retry(leastMs = 0): void {
    cancelRetry();
    cancelRetry = after(clock, Math.max(leastMs, backoffMs(backoff, failures++, random())), () => {
      if (wanted > 0 && wire.ready) askToJoin();
    });
  }

  function refused(body: ErrorFrame): void {
    if (status !== 'joining') return;
    const error = TrunklineError.from(body);
    if (error.retryable) {
      retry(error.retryAfterMs);
      return;
    }
    const wasIn = info;
    wanted -= waiters.size;
    lose();
    settle(error);
    if (wasIn) parts.left({ room, reason: error.code, retryable: false });
    settled();
  }

  /** The server does not want us there; only somebody who still holds a join tries again, with the next connection. */
  function lose(): void {
    info = undefined;
    become(wanted > 0 ? 'refused' : 'out');
  }

  function leaveNow(): Promise<void> | void {
    cancelRetry();
    settle(cancelled());
    if (status !== 'out' && wire.ready) return askToLeave();
    out();
  }

  function askToLeave(): Promise<void> {
    become('leaving');
    return new Promise((resolve) => {
      wire.ask({ type: 'leave', room }, () => {
        if (status === 'leaving') out();
        resolve();
      });
    });
  }

  function out(): void {
    forget();
    become('out');
    if (wanted > 0 && wire.ready) askToJoin();
  }

  /** Left on purpose: the next join begins anew. */
  function forget(): void {
    cursor = createRoomCursor();
    info = liveFrom = rewind = undefined;
    typing.reset();
    receipts.reset();
    presence.reset();
  }

  function tellGap(gap: Omit<Gap, 'room'>): void {
    liveFrom = gap.position;
    parts.gap({ room, ...gap });
  }

  return {
    room,
    get status() {
      return status;
    },
    get position() {
      return cursor.position;
    },
    get liveFrom() {
      return liveFrom;
    },
    get wanted() {
      return wanted > 0;
    },
    presence,
    typing,
    receipts,
    events,
    statuses,
    request,
    refused,

    async join(joinOptions) {
      const { signal } = joinOptions;
      checkSignal(signal);
      wanted++;
      if (status === 'joined' && info) return info;
      rewind ??= joinOptions.rewind;
      const waiter = createDeferred<JoinedInfo>();
      waiters.add(waiter);
      const stop = onImpatience({ clock, signal }, (error) => {
        if (!waiters.delete(waiter)) return;
        waiter.reject(error);
        wanted--;
        if (wanted === 0) void leaveNow();
      });
      if (wire.ready && (status === 'out' || status === 'refused')) askToJoin();
      return await waiter.promise.finally(stop);
    },

    async leave() {
      wanted = Math.max(0, wanted - 1);
      // A component that is taken down and put up again in one go keeps its room.
      await Promise.resolve();
      if (wanted === 0 && status !== 'leaving') await leaveNow();
    },

    asked: () => become('joining'),

    opened(wasAsked) {
      if (wanted > 0 && !wasAsked) askToJoin();
      // Left while the hello was on its way.
      if (wanted === 0 && wasAsked) void askToLeave();
    },

    dropped() {
      cancelRetry();
      if (status === 'leaving') out();
      else if (wanted > 0) become('joining');
    },

    end(error, isOwnWish) {
      cancelRetry();
      wanted = isOwnWish ? 0 : wanted - waiters.size;
      if (isOwnWish) forget();
      settle(error);
      become('out');
    },

    handleJoined({ position, recovered, reason, missed, presence: snapshot }) {
      if (status === 'leaving') return;
      wanted ||= 1;
      const from = cursor.position;
      cursor.moveTo(position);
      if (!from) liveFrom = position;
      failures = 0;
      info = { position, recovered, reason, missed };
      become('joined');
      if (snapshot) presence.sync(snapshot);
      if (reason) tellGap({ reason, from, position });
      settle(info);
      presence.joined();
      receipts.joined();
      settled();
    },

    handleLeft({ reason, retryable }) {
      if (status === 'leaving' || status === 'out') return;
      if (retryable) {
        become('joining');
        retry();
      } else lose();
      parts.left({ room, reason, retryable });
    },

    handleEvent(frame) {
      if (status !== 'joined') return;
      const verdict = cursor.judge(frame);
      if (verdict === 'hole') askToJoin();
      if (verdict !== 'deliver') return;
      const { from, event, data } = frame;
      if (event === 'typing' && 'userId' in from && from.userId !== parts.userId()) {
        typing.heard(from.userId, (data as { isTyping?: boolean } | null)?.isTyping !== false);
      }
      events.emit(frame);
      parts.event(frame);
    },

    handleGap({ reason, from, position }) {
      if (status !== 'joined') return;
      cursor.moveTo(position);
      tellGap({ reason, from, position });
    },
  };
}

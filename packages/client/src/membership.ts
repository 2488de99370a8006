import {
  type Contract,
  type ErrorFrame,
  type Position,
  type ReceiptCounts,
  type RoomRequest,
  TrunklineError,
} from '@trunkline/protocol';
import { backoffMs } from './backoff.js';
import type { JoinedInfo, RoomStatus } from './client-api.js';
import { after } from './clock.js';
import { cancelled, createDeferred, onAbort, type Settle, settleAll } from './deferred.js';
import { createEventStream } from './event-stream.js';
import { type AnyEvent, type Gap, toEvent } from './events.js';
import { createHistory } from './history.js';
import { createListeners } from './listeners.js';
import type { Membership, MembershipParts } from './membership-api.js';
import type { Outbox } from './outbox-api.js';
import { fault } from './outbox-item.js';
import { createPresence } from './presence.js';
import { createReceipts } from './receipts.js';
import { createRoomCursor } from './room-cursor.js';
import { createTyping } from './typing.js';

export function createMembership(room: string, outbox: Outbox, parts: MembershipParts): Membership {
  const { options, wire, on, failed } = parts;
  const { clock, random, backoff } = options;
  const waiters = new Set<Settle<JoinedInfo>>();
  const leavers = new Set<Settle<void>>();
  const events = createListeners<AnyEvent<Contract>>();
  const statuses = createListeners<RoomStatus>();
  let status: RoomStatus = 'out';
  /** Joins without their leave; one that the server made by itself counts. */
  let wanted = 0;
  let cursor = createRoomCursor();
  let rewind = 0;
  let liveFrom: Position | undefined;
  let info: JoinedInfo | undefined;
  let failures = 0;
  let cancelRetry = () => {};
  /** An event came too early, and none of the log since. */
  let hasHole = false;

  const presence = createPresence((state) => {
    const { frame } = outbox.checked({ type: 'presence' as const, room, state });
    if (status === 'joined')
      wire.ask(frame, (answer) => answer?.type === 'error' && failed(TrunklineError.from(answer)));
  });
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

  function request(): RoomRequest {
    const { position } = cursor;
    return { room, ...(position ? { position } : rewind && { rewind }) };
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
      if (wanted > 0) askToJoin();
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
    settleAll(waiters, error);
    if (wasIn) parts.told('left', { room, reason: error.code, retryable: false });
    outbox.pump();
  }

  /** The server does not want us there; only somebody who still holds a join tries again, with the next connection. */
  function lose(): void {
    info = undefined;
    become(wanted > 0 ? 'refused' : 'out');
  }

  function leaveNow(): Promise<void> | void {
    cancelRetry();
    settleAll(waiters, cancelled());
    // Now and not at the answer: what comes until then is of the next join.
    forget();
    if (status === 'leaving') return createDeferred(leavers).promise;
    if (status === 'out' || !wire.isReady()) return out();
    return askToLeave();
  }

  function askToLeave(): Promise<void> {
    become('leaving');
    wire.ask({ type: 'leave', room }, () => {
      if (status === 'leaving') out();
      settleAll(leavers, undefined);
    });
    return createDeferred(leavers).promise;
  }

  function out(): void {
    become('out');
    if (wanted > 0) askToJoin();
  }

  /** Left on purpose: the next join begins anew. */
  function forget(): void {
    cursor = createRoomCursor();
    info = liveFrom = undefined;
    rewind = 0;
    typing.reset();
    receipts.reset();
    presence.reset();
  }

  function tellGap(gap: Gap): void {
    liveFrom = gap.position;
    // Cursors of another epoch are void; nobody tells that there are none yet in this one.
    receipts.heard({ ...gap.position, cursors: [] });
    parts.told('gap', gap);
  }

  return {
    name: room,
    on: (event, listener) =>
      events.add((one) => {
        if (one.event === event) listener(one as never);
      }),
    onEvent: events.add,
    onGap: (listener) => on('gap', (gap) => gap.room === room && listener(gap)),
    onLeft: (listener) => on('left', (left) => left.room === room && listener(left)),
    events: ({ signal } = {}) => createEventStream(events.add, on, signal),
    publish: (event, data, options) => outbox.publish([room], event, data, options),
    signal: (event, data) => wire.ask(outbox.checked({ type: 'publish' as const, room, event, data }).frame),
    receiptCounts: (offset) => outbox.request({ type: 'receipts', room, offset }) as Promise<ReceiptCounts>,
    history: createHistory(room, outbox, () => liveFrom && liveFrom.offset + 1),
    get status() {
      return status;
    },
    get position() {
      return cursor.position;
    },
    get wanted() {
      return wanted > 0;
    },
    presence,
    typing,
    receipts,
    onStatus: statuses.add,
    read: (offset) => receipts.move('read', offset),
    delivered: (offset) => receipts.move('delivered', offset),
    refused,

    async join({ rewind: atLeast = 0, signal } = {}) {
      // In a hello the server would refuse all rooms for it, and in the end the client. No name of the grammar is longer.
      if (!/^.{1,233} \d{1,15}$/.test(`${room} ${atLeast}`)) throw fault('invalid_frame');
      parts.start(signal);
      wanted++;
      if (status === 'joined' && info) return info;
      rewind ||= atLeast;
      const { promise, settle: waiter } = createDeferred(waiters);
      const stop = onAbort(signal, () => {
        if (!waiters.delete(waiter)) return;
        waiter(cancelled(signal));
        wanted--;
        if (wanted === 0) void leaveNow();
      });
      if (status === 'out' || status === 'refused') askToJoin();
      return await promise.finally(stop);
    },

    async leave() {
      if (wanted > 0) wanted--;
      // A component that is taken down and put up again in one go keeps its room.
      await Promise.resolve();
      if (wanted === 0) await leaveNow();
    },

    asked() {
      become('joining');
      return request();
    },

    opened(wasAsked) {
      if (wanted > 0 === wasAsked) return;
      // Else it was left while the hello was on its way.
      if (wanted > 0) askToJoin();
      else void askToLeave();
    },

    dropped() {
      cancelRetry();
      if (status === 'leaving') out();
      else if (wanted > 0) become('joining');
    },

    end(error) {
      cancelRetry();
      wanted -= waiters.size;
      if (error.code === 'cancelled') {
        wanted = 0;
        forget();
      }
      settleAll(waiters, error);
      become('out');
    },

    handlers: {
      joined(frame) {
        const { position, reason } = frame;
        wanted ||= 1;
        const from = cursor.position;
        cursor.position = position;
        if (!from) liveFrom = position;
        if (!hasHole) failures = 0;
        info = frame;
        become('joined');
        if (frame.presence) presence.sync(frame.presence);
        if (reason) tellGap({ room, reason, from, position });
        settleAll(waiters, frame);
        receipts.joined();
        outbox.pump();
        // Last, as it throws: what was set before the server told its limits may be too large.
        presence.joined();
      },

      left(frame) {
        if (status === 'out') return;
        if (frame.retryable) {
          become('joining');
          retry();
        } else lose();
        parts.told('left', frame);
      },

      event(frame) {
        if (status !== 'joined') return;
        const verdict = cursor.judge(frame);
        if (verdict === 'hole') {
          become('joining');
          // A hole that a join did not close may stay.
          if (hasHole) retry();
          else askToJoin();
          hasHole = true;
        }
        if (verdict !== 'deliver') return;
        if (frame.offset) hasHole = false;
        const { from, event, data } = frame;
        if (event === 'typing' && 'userId' in from && from.userId !== parts.userId()) {
          typing.heard(from.userId, (data as { isTyping?: boolean } | null)?.isTyping !== false);
        }
        const shown = toEvent<AnyEvent<Contract>>(frame);
        events.emit(shown);
        parts.event(shown);
      },

      gap(frame) {
        if (status !== 'joined') return;
        cursor.position = frame.position;
        tellGap(frame);
      },

      presence: presence.change,
      receipt: receipts.heard,
    },
  };
}

import type { ServerFrame } from '@trunkline/protocol';
import type { Encoder } from '../seams/link.js';
import { type EventNotice, type Notice, PING } from '../seams/notice.js';
import { wordEvent } from './event-text.js';

const PING_FRAME = JSON.stringify({ type: 'ping' });
/** Where a broadcast to every connection is told (PROTOCOL.md, "event"). */
const BROADCAST_ROOM = 'system:all';

/** Words notices as the frames of `trunkline.v1`. The frames' fields, and no others of a notice, reach the wire. */
export const canonicalEncoder: Encoder<string> = {
  encode(notice) {
    if (notice === PING) return PING_FRAME;
    if (notice.type === 'event') return wordEvent(notice);
    const frame = frameOf(notice);
    return frame === null ? null : JSON.stringify(frame);
  },
};

type Wire<F> = { readonly [K in keyof F]: F[K] | undefined };
/** A frame whose absent fields are undefined: JSON leaves them out, and one object shape is faster than many. */
type FrameToWrite = ServerFrame extends infer F ? (F extends ServerFrame ? Wire<F> : never) : never;

function frameOf(notice: Exclude<Notice, EventNotice>): FrameToWrite | null {
  switch (notice.type) {
    case 'opened': {
      const { connectionId, session, serverTime, heartbeat, limits, principal } = notice;
      const { expiresAt, userId } = principal;
      return {
        type: 'welcome',
        id: notice.ref ?? '',
        connectionId,
        session,
        userId,
        serverTime,
        heartbeat,
        limits,
        expiresAt,
      };
    }
    case 'joined': {
      const { room, position, recovered, reason, missed, presence } = notice;
      return { type: 'joined', id: notice.ref, room, position, recovered, reason, missed, presence };
    }
    case 'join_refused':
      return { type: 'error', id: notice.ref, ...notice.error.toBody(), path: `rooms.${notice.index}` };
    case 'left':
      return { type: 'left', room: notice.room, reason: notice.reason, retryable: notice.retryable };
    case 'direct': {
      const { room, event, id, from, data, timestamp } = notice;
      return { type: 'event', room, event, id, from, data, timestamp };
    }
    case 'broadcast': {
      const { event, id, data, timestamp } = notice;
      return { type: 'event', room: BROADCAST_ROOM, event, id, from: { service: 'hub' }, data, timestamp };
    }
    case 'presence': {
      const { room, version, change, member, members } = notice;
      if (change === 'sync') return { type: 'presence', room, version, change, members: members ?? [] };
      return { type: 'presence', room, version, change, member };
    }
    case 'receipt':
      return { type: 'receipt', room: notice.room, epoch: notice.epoch, cursors: notice.cursors };
    case 'gap':
      return { type: 'gap', room: notice.room, reason: notice.reason, from: notice.from, position: notice.position };
    case 'call':
      return { type: 'call', id: notice.id, method: notice.method, data: notice.data };
    case 'call_cancelled':
      return { type: 'cancel', of: notice.of };
    case 'progress':
      return { type: 'progress', id: notice.ref, data: notice.data };
    case 'ping':
      return { type: 'ping', reconnectSpreadMs: notice.reconnectSpreadMs };
    case 'expiring':
      return { type: 'expiring', expiresAt: notice.expiresAt };
    case 'goaway': {
      const { code, reason, reconnect, afterMs } = notice;
      return { type: 'goaway', code, reason, reconnect, afterMs };
    }
    case 'relation':
      return null;
  }
}

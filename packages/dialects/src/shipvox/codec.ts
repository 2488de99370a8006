import { randomUUID } from 'node:crypto';
import { createId, type From, TrunklineError } from '@trunkline/protocol';
import type { Codec, Conversation, Decoded, EventNotice, Notice, Reply } from '@trunkline/server';
import { readFrame } from '../read-frame.js';
import { rememberNewest } from '../remember-newest.js';
import { clientMessages } from './schema.js';

export const SHIPVOX_ROOM = 'shipvox:all';
const MAX_CALLS = 1_000;

/** The room of one user's own connections. */
export function ownRoom(userId: string): string {
  return `shipvox:${userId}`;
}

/** Words the envelope `{type, payload, timestamp, requestId}`; pure. */
export function shipvoxCodec(scope: 'all' | 'user' = 'all'): Codec {
  return {
    greet: (head) => {
      const token = head.query.get('token');
      const rooms = scope === 'all' ? { rooms: [SHIPVOX_ROOM] } : {};
      return { credentials: { address: head.address, ...(token ? { token } : {}) }, ...rooms };
    },
    open: () => converse(scope),
    encode: encodeNotice,
  };
}

const shared = rememberNewest({ encode: encodeNotice });

/** A connection knows its user, and the hub's calls that wait for it. */
function converse(scope: 'all' | 'user'): Conversation {
  const calls = new Set<string>();
  let user = '';
  let subject: unknown;
  return {
    encoder: {
      encode(notice) {
        // An authenticator may make the user id of another claim.
        if (notice.type === 'opened') subject = notice.principal.claims.sub;
        else if (notice.type === 'call' && calls.size < MAX_CALLS) calls.add(notice.id);
        else if (notice.type === 'call_cancelled') calls.delete(notice.of);
        return shared.encode(notice);
      },
    },
    opened: (_connectionId, userId) => {
      user = userId;
    },
    decode: (text) => [
      decodeFrame(text, { calls, room: scope === 'all' ? SHIPVOX_ROOM : ownRoom(user), subject, user }),
    ],
    reply: wordReply,
  };
}

/** What a frame is read with. */
interface Spoken {
  readonly calls: Set<string>;
  readonly room: string;
  /** Of the token that it opened with; undefined where that has none. */
  readonly subject: unknown;
  readonly user: string;
}

/** A `client_tool_result` settles the call it answers; every other one is relayed like any message. */
function decodeFrame(text: string, { calls, room, subject, user }: Spoken): Decoded {
  const read = readFrame(text, clientMessages);
  if (!read.ok) return { command: { type: 'refused', error: read.error }, ref: read.raw.requestId };
  const { type, payload, requestId } = read.frame;
  const id = createId();
  if (type === 'auth') {
    const { token } = read.frame.payload;
    const claimed = claimedSubject(token);
    const isOther = subject !== undefined && claimed !== undefined && claimed !== subject;
    if (!isOther) return { command: { type: 'refresh', id, token }, ref: requestId };
    // The hub would close: in this format another user's token is an error like any other.
    const error = new TrunklineError('subject_changed', 'A refresh may not change who you are; connect anew.');
    return { command: { type: 'refused', error }, ref: requestId };
  }
  if (type === 'client_tool_result' && calls.delete(requestId)) {
    return { command: { type: 'result', id, of: requestId, data: payload }, ref: requestId };
  }
  const data = { type, payload, requestId, user };
  return { command: { type: 'publish', id, rooms: [room], event: 'message', data }, ref: requestId };
}

/** Who an unverified token says it is for; the hub verifies it all the same. */
function claimedSubject(token: string): unknown {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    return typeof claims === 'object' && claims !== null && 'sub' in claims ? claims.sub : undefined;
  } catch {
    return undefined;
  }
}

function wordReply(reply: Reply, { command, ref }: Decoded): readonly string[] {
  const requestId = typeof ref === 'string' && ref !== '' ? ref : randomUUID();
  if (reply.type === 'error') return [wordError(reply.error, requestId)];
  if (reply.type === 'response' && command.type === 'refresh') {
    return [envelope('auth', { expires_in: secondsUntil(reply.data) }, Date.now(), requestId)];
  }
  return [];
}

/** The seconds a refreshed token still has; null when it does not end. */
function secondsUntil(data: unknown): number | null {
  const expiresAt = typeof data === 'object' && data !== null && 'expiresAt' in data ? data.expiresAt : null;
  return typeof expiresAt === 'number' ? Math.max(0, Math.round((expiresAt - Date.now()) / 1_000)) : null;
}

function encodeNotice(notice: Notice): string | null {
  switch (notice.type) {
    case 'event':
      return notice.event === 'message' && notice.room.startsWith('shipvox:') ? wordMessage(notice) : null;
    case 'call': {
      const payload = notice.method === 'client_tool_call' ? notice.data : { method: notice.method, data: notice.data };
      return envelope('client_tool_call', payload, Date.now(), notice.id);
    }
    default:
      return null;
  }
}

/** The user is the authenticated sender, whatever the data claims. */
function wordMessage(notice: EventNotice): string | null {
  const { type, payload, requestId } = notice.data as { type?: unknown; payload?: unknown; requestId?: unknown };
  if (typeof type !== 'string') return null;
  const id = typeof requestId === 'string' && requestId !== '' ? requestId : notice.id;
  return envelope(type, payload ?? null, notice.timestamp, id, nameOf(notice.from));
}

function nameOf(from: From): string {
  return 'userId' in from ? from.userId : from.service;
}

function wordError(error: TrunklineError, requestId: string): string {
  return envelope('error', { code: error.code, message: error.message }, Date.now(), requestId);
}

function envelope(type: string, payload: unknown, timestamp: number, requestId: string, user?: string): string {
  return JSON.stringify({ type, payload, timestamp, requestId, ...(user === undefined ? {} : { user }) });
}

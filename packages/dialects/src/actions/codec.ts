import { createHash } from 'node:crypto';
import { isErrorCode, isRoomName, TrunklineError } from '@trunkline/protocol';
import type { Command, Encoder, EventNotice, Principal, Reply } from '@trunkline/server';
import { type ReadFrame, readFrame, readMessage } from '../read-frame.js';
import { clientMessages, handshakeSchema, type Refusal, type ServerMessage } from './schema.js';

/** What the hub has to say, before a socket words it: only it knows which request a progress belongs to. */
export type ActionsFrame =
  | { readonly type: 'message'; readonly message: ServerMessage }
  | { readonly type: 'progress'; readonly ref: string; readonly data: unknown }
  | { readonly type: 'joined' };

export interface Handshake {
  readonly token: string;
  readonly sessionId: string;
  readonly artifactId?: string | undefined;
}

/** A REQUEST as the hub takes it, with what its answers repeat. */
export interface Asked {
  readonly requestId: string;
  readonly action: string;
  readonly command: Command & { readonly type: 'request' };
}

/**
 * What a handshake says: the token from `auth`, from the query where a v2 client has no `auth`.
 *
 * @throws {TrunklineError} `unauthenticated` without a token, `invalid_session` without a session
 */
export function readHandshake(
  auth: Readonly<Record<string, unknown>>,
  query: Readonly<Record<string, unknown>>,
): Handshake {
  const { sessionId, artifactId } = query;
  const read = handshakeSchema.safeParse({ token: auth.token ?? query.token, sessionId, artifactId });
  if (read.success) return read.data;
  const field = read.error.issues[0]?.path[0];
  if (field === 'token') throw new TrunklineError('unauthenticated', 'Send a token as auth.token.');
  if (field === 'sessionId')
    throw new TrunklineError('invalid_session', 'Send a sessionId of 1 to 128 characters as query.');
  throw new TrunklineError('invalid_artifact', 'Send an artifactId of 1 to 128 characters, or none.');
}

/**
 * The rooms of a connection: its company's, and in it the artifact's.
 *
 * @throws {TrunklineError} `invalid_session` for another session than the token's, `invalid_artifact`
 */
export function roomsOf(principal: Principal, { sessionId, artifactId }: Handshake): readonly string[] {
  if (principal.sessionId !== undefined && principal.sessionId !== sessionId) {
    throw new TrunklineError('invalid_session', 'The token belongs to another session.');
  }
  const { companyId } = principal;
  // A slash would end the company's id in an artifact's room, and reach another company's.
  if (companyId === undefined || companyId.includes('/') || !isRoomName(`company:${companyId}`)) return [];
  if (artifactId === undefined) return [`company:${companyId}`];
  const artifact = `artifact:${companyId}/${artifactId}`;
  if (!isRoomName(artifact))
    throw new TrunklineError('invalid_artifact', 'Name an artifact in the characters of a room id.');
  return [`company:${companyId}`, artifact];
}

/** Reads a `message` event, an object or its JSON. Socket.IO would carry binary data inside an object; the format has none. */
export function readRequest(message: unknown): ReadFrame<typeof clientMessages> {
  if (typeof message === 'string') return readFrame(message, clientMessages);
  const read = readMessage(message, clientMessages);
  if (!read.ok || !holdsBinary(read.frame)) return read;
  const error = new TrunklineError('invalid_frame', 'Send JSON data; binary data as text.', { path: 'data' });
  return { ok: false, error, raw: read.frame };
}

function holdsBinary(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Buffer.isBuffer(value) || Object.values(value).some(holdsBinary);
}

/**
 * The command of a REQUEST. Its id holds the socket and the whole request: a repeated frame is one request, while two
 * that share a requestId (the format's clients use the time) stay two.
 */
export function askedOf(
  request: { requestId: string; action: string; data?: unknown },
  socketId: string,
  handshake: Handshake,
): Asked {
  const { requestId, action, data = {} } = request;
  const hash = createHash('sha256')
    .update(JSON.stringify([requestId, action, data]))
    .digest('base64url');
  const id = `${socketId}.${hash}`;
  const { sessionId, artifactId } = handshake;
  const context = { sessionId, ...(artifactId === undefined ? {} : { artifactId }), requestId, idempotencyId: id };
  return { requestId, action, command: { type: 'request', id, action, data, context, bound: true } };
}

/** The answer to a REQUEST; null for what needs none. */
export function wordReply(reply: Reply, { requestId, action }: Asked): ServerMessage | null {
  if (reply.type === 'response') return { type: 'RESPONSE', requestId, action, data: reply.data };
  if (reply.type === 'error') return { type: 'ERROR', requestId, action, error: wordRefusal(reply.error) };
  return null;
}

/** Our codes in capitals, as the format writes them; a backend's own as they are. */
export function wordRefusal({ code, message, retryAfterMs }: TrunklineError): Refusal {
  const own = isErrorCode(code) || code === 'invalid_session' || code === 'invalid_artifact';
  return { code: own ? code.toUpperCase() : code, message, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

const texts = new WeakMap<ServerMessage, string>();

/** The JSON of a message, made once however many sockets it goes to. */
export function textOf(message: ServerMessage): string {
  const text = texts.get(message) ?? JSON.stringify(message);
  texts.set(message, text);
  return text;
}

/** Shared by every socket; pure. */
export const actionsEncoder: Encoder<ActionsFrame> = {
  encode(notice) {
    switch (notice.type) {
      case 'event':
        return wordUpdate(notice);
      case 'broadcast': {
        const { event: action, id: requestId, data } = notice;
        return { type: 'message', message: { type: 'UPDATE', requestId, action, data } };
      }
      case 'progress':
        return { type: 'progress', ref: notice.ref, data: notice.data };
      case 'joined':
        return { type: 'joined' };
      default:
        return null;
    }
  },
};

function wordUpdate(notice: EventNotice): ActionsFrame | null {
  if (notice.event !== 'update') return null;
  const { action, requestId, data } = notice.data as Readonly<Record<string, unknown>>;
  if (typeof action !== 'string') return null;
  const id = typeof requestId === 'string' && requestId !== '' ? requestId : notice.id;
  return { type: 'message', message: { type: 'UPDATE', requestId: id, action, data } };
}

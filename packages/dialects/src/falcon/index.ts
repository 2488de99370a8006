/**
 * The falcon format: `falconDialect()` serves it. Users are in their own and their groups' rooms by themselves, and
 * relation changes move them. WIRE.md has the format; `schema.js` every message of it.
 */
import type { TrunklineError } from '@trunkline/protocol';
import { type Dialect, type WebSocketDialectOptions, webSocketDialect } from '@trunkline/server';
import { answerPlain } from '../answer-plain.js';
import { retryAfter } from '../retry-after.js';
import { falconCodec } from './codec.js';

export { falconCodec } from './codec.js';
export { COOKIE } from './credentials.js';
export { clientMessages, serverMessageSchema } from './schema.js';

export interface FalconDialectOptions {
  /** @default '/websocket/connect' */
  readonly path?: string;
}

/** Refuses before the upgrade: 401 without a valid token, 403 for a cookie from a page that may not use it. */
export function falconDialect({ path = '/websocket/connect' }: FalconDialectOptions = {}): Dialect {
  return webSocketDialect({
    name: 'falcon',
    paths: [path],
    codec: falconCodec,
    refuse,
    heartbeat: 'link',
    endpoints: { [path]: answerPlain(falconCodec, refuse) },
  });
}

type Refusal = ReturnType<WebSocketDialectOptions['refuse']>;

function refuse(error: TrunklineError): Refusal {
  const { code, message, retryable } = error;
  const body = { type: 'error', data: { code, message } };
  if (code === 'too_many_connections' || code === 'rate_limited')
    return { status: 429, body, headers: retryAfter(error) };
  if (retryable) return { status: 503, body, headers: retryAfter(error) };
  if (code === 'forbidden') return { status: 403, body };
  return { status: 401, body, headers: { 'WWW-Authenticate': 'Bearer' } };
}

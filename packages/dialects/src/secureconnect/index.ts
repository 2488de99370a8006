/**
 * The secureconnect chat: `secureconnectDialect()` serves it. One connection is in one conversation, named by its URL.
 * WIRE.md has the format; `schema.js` every message of it.
 */
import type { TrunklineError } from '@trunkline/protocol';
import { type Dialect, type Gateway, type WebSocketDialectOptions, webSocketDialect } from '@trunkline/server';
import { answerPlain } from '../answer-plain.js';
import { plainCloseCode } from '../close-codes.js';
import { refineGateway } from '../refine-gateway.js';
import { retryAfter } from '../retry-after.js';
import { requireUuid } from './admission.js';
import { secureconnectCodec } from './codec.js';

export { secureconnectCodec } from './codec.js';
export { clientMessages, refusalSchema, serverMessageSchema } from './schema.js';

export interface SecureconnectDialectOptions {
  /** @default '/v1/ws/chat' */
  readonly path?: string;
}

/** Refuses before the upgrade, with a status and `{"error": …}`. */
export function secureconnectDialect({ path = '/v1/ws/chat' }: SecureconnectDialectOptions = {}): Dialect {
  const dialect = webSocketDialect({
    name: 'secureconnect',
    paths: [path],
    codec: secureconnectCodec,
    refuse,
    closeCode: plainCloseCode,
    heartbeat: 'link',
    endpoints: { [path]: answerPlain(secureconnectCodec, refuse) },
  });
  return {
    ...dialect,
    mount: (gateway: Gateway) => dialect.mount(refineGateway(gateway, { authenticate: requireUuid(gateway) })),
  };
}

type Refusal = ReturnType<WebSocketDialectOptions['refuse']>;

function refuse(error: TrunklineError): Refusal {
  switch (error.code) {
    case 'invalid_data':
      return { status: 400, body: { error: 'conversation_id required' } };
    case 'unauthenticated':
    case 'token_expired':
    case 'token_revoked':
      return { status: 401, body: { error: 'unauthorized' }, headers: { 'WWW-Authenticate': 'Bearer' } };
    case 'invalid_user_id':
      return { status: 500, body: { error: 'invalid user_id' } };
    case 'forbidden':
    case 'invalid_room':
    case 'unknown_room_kind':
      return { status: 403, body: { error: 'forbidden' } };
    case 'too_many_connections':
    case 'rate_limited':
      return { status: 429, body: { error: 'too many connections' }, headers: retryAfter(error) };
    default:
      return error.retryable
        ? { status: 503, body: { error: 'unavailable' }, headers: retryAfter(error) }
        : { status: 500, body: { error: 'internal' } };
  }
}

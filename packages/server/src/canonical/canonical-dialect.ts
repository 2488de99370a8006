import { SUBPROTOCOL, TrunklineError } from '@trunkline/protocol';
import type { Codec } from '../seams/codec.js';
import type { Dialect } from '../seams/dialect.js';
import { webSocketDialect } from '../web-socket/web-socket-dialect.js';
import type { WebSocketDialectOptions } from '../web-socket/web-socket-options.js';
import { CanonicalConversation } from './canonical-conversation.js';
import { canonicalEncoder } from './canonical-encoder.js';
import { endingWith } from './event-text.js';
import { handshakeCredentials } from './handshake-credentials.js';

export interface CanonicalDialectOptions {
  /** The cookie a token may come in, from pages of allowed origins. @default 'trunkline_token' */
  readonly cookieName?: string;
  /** @default false */
  readonly deflate?: WebSocketDialectOptions['deflate'];
  /** @default '/v1/connect' */
  readonly path?: string;
}

/** `trunkline.v1`, as PROTOCOL.md has it: a dialect like the others, without privilege. */
export function canonicalDialect(options: CanonicalDialectOptions = {}): Dialect {
  const { cookieName = 'trunkline_token', deflate = false, path = '/v1/connect' } = options;
  const codec: Codec = {
    encode: canonicalEncoder.encode,
    endingWith,
    greet(head) {
      // Without a protocol of its choice a browser drops the connection anyway, and says nothing.
      if (head.protocols.length > 0 && !head.protocols.includes(SUBPROTOCOL)) {
        throw new TrunklineError('invalid_data', `Offer the subprotocol ${SUBPROTOCOL}.`);
      }
      return null;
    },
    open: (head) => new CanonicalConversation(handshakeCredentials(head, cookieName)),
  };
  return webSocketDialect({
    codec,
    deflate,
    name: SUBPROTOCOL,
    paths: [path],
    refuse: (error) => ({ status: error.code === 'invalid_data' ? 400 : 503, body: error.toBody() }),
  });
}

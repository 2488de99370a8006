import { BEARER_SUBPROTOCOL_PREFIX } from '@trunkline/protocol';
import { type ServerOptions, WebSocketServer } from 'ws';

/**
 * The engine's WebSockets. Unset, ws echoes the first subprotocol offered, which may be a token (RELIABILITY, fact 6).
 * One is selected where the client offers any: a browser refuses a handshake that selects none of those it offered.
 */
export class EngineWebSockets extends WebSocketServer {
  constructor(options: ServerOptions) {
    super({
      ...options,
      handleProtocols: (offered) => [...offered].find((name) => !name.startsWith(BEARER_SUBPROTOCOL_PREFIX)) ?? false,
    });
  }
}

import { BEARER_SUBPROTOCOL_PREFIX } from '@trunkline/protocol';
import { type ServerOptions, WebSocketServer } from 'ws';

/** From our close frame to the end of the socket: a close frame waits behind a slow reader's backlog (RELIABILITY, fact 7). */
const CLOSE_TIMEOUT_MS = 1_400;

/** The engine's WebSockets. Our own ws, unlike the engine's, ends a peer that pings and does not read the answers. */
export class EngineWebSockets extends WebSocketServer {
  constructor(engineOptions: ServerOptions) {
    // @types/ws does not know `closeTimeout` yet.
    const options: ServerOptions & { readonly closeTimeout: number } = {
      ...engineOptions,
      closeTimeout: CLOSE_TIMEOUT_MS,
      // Unset, ws echoes the first subprotocol offered, which may be a token (RELIABILITY, fact 6). One is selected where
      // the client offers any: a browser refuses a handshake that selects none of those it offered.
      handleProtocols: (offered) => [...offered].find((name) => !name.startsWith(BEARER_SUBPROTOCOL_PREFIX)) ?? false,
    };
    super(options);
  }
}

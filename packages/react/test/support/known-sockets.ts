import { WebSocket } from 'ws';

/** A WebSocket for clients under test, and every one that was made of it. */
export function knownSockets() {
  const sockets: WebSocket[] = [];
  class KnownSocket extends WebSocket {
    constructor(...args: ConstructorParameters<typeof WebSocket>) {
      super(...args);
      sockets.push(this);
    }
  }
  return { sockets, KnownSocket };
}

import { connect } from 'node:net';
import { type ClientOptions, WebSocket } from 'ws';

/**
 * The `WebSocket` of a document's code: whatever host and port its address has, the hub answers there, as it would to a
 * reader who follows the document. `headers`: what the reader's platform adds.
 */
export function documentedWebSocket(port: number, headers: Readonly<Record<string, string>> = {}) {
  return class extends WebSocket {
    constructor(url: string, options: ClientOptions = {}) {
      super(url, {
        ...options,
        headers: { ...headers, ...options.headers },
        createConnection: () => connect(port, '127.0.0.1'),
      });
    }
  };
}

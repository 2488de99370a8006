import { SUBPROTOCOL } from '@trunkline/protocol';
import { WebSocket } from 'ws';
import { type Check, type Finding, fault, ok, skipped } from './finding.js';

const TIMEOUT_MS = 5_000;
const FORWARD =
  'Let the proxy forward it: nginx needs proxy_http_version 1.1, proxy_set_header Upgrade $http_upgrade and ' +
  'proxy_set_header Connection "upgrade"; others have a WebSocket switch.';

/** Whether a WebSocket comes through, and with its subprotocol: proxies drop both. */
export const checkUpgrade: Check = ({ url }) =>
  new Promise((resolve) => {
    const socket = new WebSocket(url, [SUBPROTOCOL], { handshakeTimeout: TIMEOUT_MS });
    const finish = (finding: Finding): void => {
      resolve([finding]);
      socket.removeAllListeners('error').on('error', () => undefined);
      socket.terminate();
    };
    socket.on('open', () => finish(ok('upgrade', 'a WebSocket comes through')));
    socket.on('unexpected-response', (_request, { statusCode }) => finish(refused(statusCode)));
    socket.on('error', ({ message }) =>
      finish(
        /subprotocol/i.test(message)
          ? fault(
              'upgrade',
              'the answer lost Sec-WebSocket-Protocol',
              'Let the proxy pass Sec-WebSocket-* headers both ways.',
            )
          : skipped('upgrade', 'no connection, see "server"'),
      ),
    );
  });

function refused(status: number | undefined): Finding {
  switch (status) {
    case 426:
      return fault('upgrade', 'the Upgrade header does not reach the server (426)', FORWARD);
    case 404:
      return fault(
        'upgrade',
        'nothing is served at this path (404)',
        'Correct the path of --url; the canonical one is /v1/connect.',
      );
    case 403:
      return fault('upgrade', 'forbidden (403)', 'Look at ALLOWED_ORIGINS, and at rules of the proxy or its firewall.');
    case 429:
    case 503:
      return fault(
        'upgrade',
        `too many connections, or draining (${status})`,
        'Wait, or raise MAX_CONNECTIONS_PER_ADDRESS.',
      );
    default:
      return fault('upgrade', `answered ${status} instead of 101`, FORWARD);
  }
}

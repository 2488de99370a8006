/**
 * The shipvox envelope: `shipvoxDialect()` serves it. What one client sends, every client of the endpoint gets, with
 * the sender's user. WIRE.md has the format; `schema.js` every message of it.
 */
import { parseRoomName, TrunklineError } from '@trunkline/protocol';
import { type Dialect, type Gateway, webSocketDialect } from '@trunkline/server';
import { closeRefused, plainCloseCode } from '../close-codes.js';
import { refineGateway } from '../refine-gateway.js';
import { ownRoom, shipvoxCodec } from './codec.js';

export { shipvoxCodec } from './codec.js';
export { clientMessages, messageSchema, relayedMessageSchema, serverMessageSchema } from './schema.js';

export interface ShipvoxDialectOptions {
  /** The documented path is `/ws`. @default '/shipvox/ws' */
  readonly path?: string;
  /** Who gets what a client sends: everyone in `shipvox:all`, or the connections of its own user in `shipvox:<user id>`, where that names a room. @default 'all' */
  readonly scope?: 'all' | 'user';
}

/** A token that is missing or refused closes 1008 after the upgrade, and so does a user whose own room has no name. */
export function shipvoxDialect({ path = '/shipvox/ws', scope = 'all' }: ShipvoxDialectOptions = {}): Dialect {
  const dialect = webSocketDialect({
    name: 'shipvox',
    paths: [path],
    codec: shipvoxCodec(scope),
    refuse: closeRefused,
    closeCode: plainCloseCode,
    heartbeat: 'link',
  });
  if (scope === 'all') return dialect;
  const ownRoomOnly = (gateway: Gateway): Gateway =>
    refineGateway(gateway, {
      async authenticate(greeting, signal) {
        const admission = await gateway.authenticate(greeting, signal);
        // Else it would be connected and hear nothing.
        if (!parseRoomName(ownRoom(admission.principal.userId)))
          throw new TrunklineError('forbidden', 'The user id names no room.');
        return admission;
      },
      open: (link, admission, options) =>
        gateway.open(link, admission, { ...options, rooms: [{ room: ownRoom(admission.principal.userId) }] }),
    });
  return { ...dialect, mount: (gateway) => dialect.mount(ownRoomOnly(gateway)) };
}

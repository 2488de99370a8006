import type { BrokerEvents, BrokerStatus } from '../seams/broker.js';
import type { GatewayParts } from './hub-gateway.js';
import { readRoomMessage } from './room-messages.js';
import { readSignal, type Signal } from './signals.js';

/** What this node does with everything it hears through the broker. Never throws. */
export function listenToNodes(parts: GatewayParts, onStatus: (status: BrokerStatus) => void): BrokerEvents {
  const { core, rooms, publisher, presence, receipts } = parts;
  return {
    logged: (room, event) => rooms.get(room)?.feed.heard(event),
    emitted(name, value) {
      const message = readRoomMessage(value);
      const room = rooms.get(name);
      if (message === null) core.observer.brokerEvent?.('junk');
      else if (room === undefined) return;
      else if (message.t === 'e') publisher.deliver(name, message);
      else if (message.t === 'p') presence.heard(room, message);
      else receipts.heard(room, message);
    },
    signalled(value) {
      const signal = readSignal(value);
      if (signal === null) core.observer.brokerEvent?.('junk');
      else act(parts, signal);
    },
    suspect(names) {
      const suspects = names === null ? [...rooms.all()] : names.map((name) => rooms.get(name));
      for (const room of suspects) {
        if (room === undefined) continue;
        room.feed.check();
        if (names !== null && room.presenceVersion >= 0) void presence.resync(room);
      }
      // A replica that became master may have lost entries of ours and kept the lease. After an outage the hub's healing does it.
      if (names === null && core.broker.status.state === 'connected') void presence.restore();
    },
    status: onStatus,
  };
}

function act(parts: GatewayParts, signal: Signal): void {
  const { core, revocations, nodeMessages } = parts;
  const { connections } = core;
  switch (signal.t) {
    case 'superseded': {
      const { sessionId, userId, connectionId, openedAt } = signal;
      for (const connection of connections.ofSession(sessionId, userId)) {
        const { connectedAt, id } = connection;
        const isOlder = connectedAt < openedAt || (connectedAt === openedAt && id < connectionId);
        if (isOlder) connection.close(4500, 'superseded');
      }
      return;
    }
    case 'disconnect':
      revocations.apply({ type: 'disconnect', userId: signal.userId, at: signal.at });
      return;
    case 'ended':
      revocations.ended(signal.sessionId);
      return;
    case 'purging':
      parts.rooms.get(signal.room)?.feed.expectPurge();
      return;
    case 'usage':
      parts.usage.heard(signal);
      return;
    case 'revoke':
      revocations.apply({ type: 'revoke', revocation: signal.revocation });
      return;
    case 'broadcast': {
      const { event, id, data, timestamp } = signal;
      const frames = new Map<object, unknown>();
      for (const connection of connections.byId.values()) {
        const { encoder } = connection.link;
        if (!frames.has(encoder))
          frames.set(encoder, encoder.encode({ type: 'broadcast', event, id, data, timestamp }));
        const frame = frames.get(encoder) ?? null;
        if (frame !== null) connection.deliver(frame, false, undefined);
      }
      return;
    }
    default:
      nodeMessages.heard(signal);
  }
}

import type { Hub, Logger } from '@trunkline/server';
import { bookingService } from './booking-service.js';
import { foreignMessages } from './schema.js';

/** Channels on which other services publish; the Redis backend has them as `foreign`. Its `close` ends the hearing. */
export interface ForeignChannels {
  /** Every node hears every message, as parsed JSON. */
  start(handler: (channel: string, message: unknown) => void): Promise<void>;
  /** True on the one node that holds the lease. */
  isHolder(): boolean;
}

/**
 * Delivers what other services publish on `booking:status`, `support:message` and `technician:location`, each message
 * once although every node hears it: durable ones are appended by the lease's holder, a location each node shows its own
 * members, and the holder keeps for those who join later. What is no such message is ignored and logged without its content.
 */
export async function bookingForeignChannels(
  hub: Pick<Hub, 'publish'>,
  foreign: ForeignChannels,
  logger: Logger,
): Promise<void> {
  const everyone = bookingService(hub, { locationScope: 'local' });
  const holder = bookingService(hub, { locationScope: 'local-kept' });

  /** null: another node does it. @throws for what is no message of its channel */
  function deliver(channel: string, message: unknown): Promise<unknown> | null {
    switch (channel) {
      case 'booking:status': {
        if (!foreign.isHolder()) return null;
        const { bookingId, userId, status } = foreignMessages[channel].parse(message);
        return holder.broadcastBookingStatus(bookingId, userId, status);
      }
      case 'support:message': {
        if (!foreign.isHolder()) return null;
        const { ticketId, senderId, message: data } = foreignMessages[channel].parse(message);
        return holder.broadcastSupportMessage(ticketId, senderId, data);
      }
      case 'technician:location': {
        const { bookingId, location } = foreignMessages[channel].parse(message);
        return (foreign.isHolder() ? holder : everyone).broadcastTechnicianLocation(bookingId, location);
      }
      default:
        return null;
    }
  }

  await foreign.start((channel, message) => {
    try {
      deliver(channel, message)?.catch((error: unknown) =>
        logger.warn({ channel, err: error }, 'A foreign message was not delivered.'),
      );
    } catch {
      logger.warn({ channel }, 'A foreign message was not understood.');
    }
  });
}

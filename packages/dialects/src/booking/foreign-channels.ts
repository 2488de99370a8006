import type { Hub, Logger } from '@trunkline/server';
import type { z } from 'zod';
import { bookingService } from './booking-service.js';
import { foreignMessages } from './schema.js';

/** Channels on which other services publish; the Redis backend has one. */
export interface ForeignChannels {
  /** Every node hears every message; `isHolder` is true on the one node that holds the lease. @returns stops listening */
  listen(channel: string, listener: (message: string, isHolder: boolean) => void): () => void;
}

type Channel = keyof typeof foreignMessages;

/** A message larger than this is no message of these channels. */
const MAX_MESSAGE_LENGTH = 262_144;

/**
 * Delivers what other services publish on `booking:status`, `support:message` and `technician:location`, each message
 * once although every node hears it: durable ones are appended by the lease's holder, a location each node shows its own
 * members. What is no such message is ignored and logged without its content.
 *
 * @returns stops listening
 */
export function bookingForeignChannels(
  hub: Pick<Hub, 'publish'>,
  foreign: ForeignChannels,
  logger: Logger,
): () => void {
  const service = bookingService(hub, { locationScope: 'local' });

  function hear<C extends Channel>(
    channel: C,
    by: 'holder' | 'everyone',
    deliver: (message: z.output<(typeof foreignMessages)[C]>) => Promise<unknown>,
  ): () => void {
    return foreign.listen(channel, (text, isHolder) => {
      if (by === 'holder' && !isHolder) return;
      const message = read(channel, text);
      if (message === null) {
        logger.warn({ channel }, 'A foreign message was not understood.');
        return;
      }
      deliver(message).catch((error: unknown) =>
        logger.warn({ channel, err: error }, 'A foreign message was not delivered.'),
      );
    });
  }

  const stops = [
    hear('booking:status', 'holder', ({ bookingId, userId, status }) =>
      service.broadcastBookingStatus(bookingId, userId, status),
    ),
    hear('support:message', 'holder', ({ ticketId, senderId, message }) =>
      service.broadcastSupportMessage(ticketId, senderId, message),
    ),
    hear('technician:location', 'everyone', ({ bookingId, location }) =>
      service.broadcastTechnicianLocation(bookingId, location),
    ),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

function read<C extends Channel>(channel: C, text: string): z.output<(typeof foreignMessages)[C]> | null {
  if (text.length > MAX_MESSAGE_LENGTH) return null;
  try {
    const result = foreignMessages[channel].safeParse(JSON.parse(text));
    return result.success ? (result.data as z.output<(typeof foreignMessages)[C]>) : null;
  } catch {
    return null;
  }
}

import { parseRoomName, TrunklineError } from '@trunkline/protocol';
import type { Hub, Published, ServicePublication } from '@trunkline/server';

export interface SupportMessageData {
  readonly id: string;
  readonly message: string;
  readonly createdAt: string | Date;
}
export interface Location {
  readonly latitude: number;
  readonly longitude: number;
}

/** The format's backend functions; each resolves once the hub holds the event, or shows it while Redis is away. */
export interface BookingService {
  /** To the booking's room, and to the user's where the id can name one; a connection in both gets it once. @throws {TrunklineError} as `hub.publish` */
  broadcastBookingStatus(bookingId: string, userId: string, status: string): Promise<Published>;
  /** Acts once per `messageData.id`. @throws {TrunklineError} as `hub.publish`; `invalid_data` for a Date without a time */
  broadcastSupportMessage(ticketId: string, senderId: string, messageData: SupportMessageData): Promise<Published>;
  /** Ephemeral; who joins later gets the newest. @throws {TrunklineError} as `hub.publish` */
  broadcastTechnicianLocation(bookingId: string, location: Location): Promise<Published>;
}

export interface BookingServiceOptions {
  /** Of locations, for sources that every node hears. @default 'all' */
  readonly locationScope?: ServicePublication['scope'];
}

const from = { service: 'booking' } as const;

/** The backend functions over any hub. */
export function bookingService(
  hub: Pick<Hub, 'publish'>,
  { locationScope = 'all' }: BookingServiceOptions = {},
): BookingService {
  return {
    broadcastBookingStatus: (bookingId, userId, status) => {
      // User ids have a wider grammar than room ids, such as auth0|5f7c; rooms are published to all or nothing.
      const ofUser = [`user:${userId}`].filter(parseRoomName);
      return hub.publish({
        rooms: [`booking:${bookingId}`, ...ofUser],
        event: 'status_update',
        data: { bookingId, status },
        from,
      });
    },
    broadcastSupportMessage: async (ticketId, senderId, { createdAt, ...message }) => {
      const createdAtIso = typeof createdAt === 'string' ? createdAt : readTime(createdAt);
      const data = { ticketId, senderId, message: { ...message, createdAt: createdAtIso } };
      return hub.publish({ rooms: [`support:${ticketId}`], event: 'message', data, id: message.id, from });
    },
    broadcastTechnicianLocation: (bookingId, location) =>
      hub.publish({
        rooms: [`booking:${bookingId}`],
        event: 'location_update',
        data: { bookingId, location },
        from,
        scope: locationScope,
      }),
  };
}

function readTime(time: Date): string {
  if (Number.isNaN(time.getTime())) throw new TrunklineError('invalid_data', 'createdAt is no time.');
  return time.toISOString();
}

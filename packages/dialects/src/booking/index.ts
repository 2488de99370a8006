/**
 * The booking format: `bookingDialect()` serves it, `bookingService(hub)` is its backend functions, and
 * `bookingForeignChannels` hears what other services publish on Redis. WIRE.md has the format; `schema.js` every message.
 */
import { type Dialect, webSocketDialect } from '@trunkline/server';
import { closeRefused, plainCloseCode } from '../close-codes.js';
import { bookingCodec } from './codec.js';

export {
  type BookingService,
  type BookingServiceOptions,
  bookingService,
  type Location,
  type SupportMessageData,
} from './booking-service.js';
export { bookingCodec } from './codec.js';
export { bookingForeignChannels, type ForeignChannels } from './foreign-channels.js';
export { clientMessages, foreignMessages, serverMessageSchema } from './schema.js';

export interface BookingDialectOptions {
  /** @default '/ws' */
  readonly path?: string;
}

/** Tokens come by query or by subprotocol (`booking` beside `trunkline.bearer.<jwt>`); a refused one closes 1008. */
export function bookingDialect({ path = '/ws' }: BookingDialectOptions = {}): Dialect {
  return webSocketDialect({
    name: 'booking',
    paths: [path],
    codec: bookingCodec,
    refuse: closeRefused,
    closeCode: plainCloseCode,
    heartbeat: 'link',
  });
}

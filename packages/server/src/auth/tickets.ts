import { createHash, randomBytes } from 'node:crypto';
import { TrunklineError } from '@trunkline/protocol';
import type { Authenticator, Principal } from '../seams/authenticator.js';

/** Where tickets wait for their one use. Several nodes share one that is atomic (Redis: SET PX, GETDEL). */
export interface TicketStore {
  /** @throws {TrunklineError} `unavailable` */
  put(key: string, value: string, ttlMs: number): Promise<void>;
  /** Gives the value and forgets it, in one step. @throws {TrunklineError} `unavailable` */
  take(key: string): Promise<string | null>;
}

/** One-time stand-ins for a token, for places where a token would be logged (a URL). */
export interface Tickets {
  issue(principal: Principal): Promise<Ticket>;
  /** @throws {TrunklineError} `unauthenticated` when unknown, used or too old */
  redeem(ticket: string): Promise<Principal>;
}
export interface Ticket {
  readonly ticket: string;
  /** Seconds. */
  readonly expiresIn: number;
}

/** Tells a ticket from a token. */
export const TICKET_PREFIX = 'tkt_';

const TICKET_TTL_MS = 30_000;
const TICKET_PATTERN = /^tkt_[A-Za-z0-9_-]{43}$/;

export function createTickets(store: TicketStore = createMemoryTicketStore()): Tickets {
  return {
    async issue(principal) {
      const ticket = TICKET_PREFIX + randomBytes(32).toString('base64url');
      await store.put(keyOf(ticket), JSON.stringify(principal), TICKET_TTL_MS);
      return { ticket, expiresIn: TICKET_TTL_MS / 1_000 };
    },
    async redeem(ticket) {
      const held = TICKET_PATTERN.test(ticket) ? await store.take(keyOf(ticket)) : null;
      if (held === null) throw new TrunklineError('unauthenticated', 'The ticket is unknown, used or too old.');
      return JSON.parse(held) as Principal;
    },
  };
}

/** Only a digest is kept: whoever reads the store can not use a ticket. */
function keyOf(ticket: string): string {
  return createHash('sha256').update(ticket).digest('base64url');
}

/** An authenticator that takes tickets wherever it takes tokens. */
export function withTickets(authenticator: Authenticator, tickets: Tickets): Authenticator {
  return {
    authenticate: (token) =>
      token.startsWith(TICKET_PREFIX) ? tickets.redeem(token) : authenticator.authenticate(token),
  };
}

/** For one node. Bounded: past `capacity` the oldest tickets are forgotten. */
export function createMemoryTicketStore(
  options: { readonly capacity?: number; readonly now?: () => number } = {},
): TicketStore {
  const { capacity = 10_000, now = Date.now } = options;
  const held = new Map<string, { readonly value: string; readonly expiresAt: number }>();

  return {
    async put(key, value, ttlMs) {
      held.set(key, { value, expiresAt: now() + ttlMs });
      for (const [oldest, entry] of held) {
        if (held.size <= capacity && entry.expiresAt > now()) break;
        held.delete(oldest);
      }
    },
    async take(key) {
      const entry = held.get(key);
      held.delete(key);
      return entry && entry.expiresAt > now() ? entry.value : null;
    },
  };
}

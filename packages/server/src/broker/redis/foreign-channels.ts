import type { RedisLink } from './redis-link.js';
import { describeForbidden, FOREIGN_CHANNELS } from './redis-rights.js';
import { leaseScript, releaseScript } from './scripts/lease.js';

type ForeignChannel = (typeof FOREIGN_CHANNELS)[number];

/**
 * Plain channels of other services. Every node hears them; durable events are appended by the one that holds a short
 * lease. What comes while the lease moves is lost, as Redis pub/sub loses it, and counted.
 */
export interface ForeignChannels {
  /** Hears the channels and takes part in the lease; resolves when Redis answered, if it is there. `message` is the parsed JSON; junk is counted and ignored. */
  start(handler: (channel: ForeignChannel, message: unknown) => void): Promise<void>;
  /** What an ACL keeps this node from hearing, and the rule that is missing; such a node leaves the lease to others. */
  readonly forbidden: string | null;
  /** True while this node certainly holds the lease. */
  isHolder(): boolean;
  /** True while the channels are heard here and some node holds the lease. */
  isHeard(): boolean;
  close(): Promise<void>;
}

const LEASE_MS = 3_000;
const RENEW_MS = 500;
/** More than what clocks and rounding make of one end, less than one renewal. */
const GROWN_MS = RENEW_MS / 2;
const MAX_MESSAGE_CHARS = 1_048_576;
/** Each node shows these its own members; the others are for the log, and so for the holder. */
const EPHEMERAL: ForeignChannel = 'technician:location';

/** Another node's lease at one look. Its end lies between the two, for the answer took some time. */
interface Seen {
  readonly holder: string;
  readonly notBefore: number;
  readonly notAfter: number;
}

export function createForeignChannels(link: RedisLink): ForeignChannels {
  const { keys, nodeId, observer, logger, subscriber } = link;
  let timer: NodeJS.Timeout | undefined;
  let heldUntil = 0;
  /** Another node, which lived when it extended its lease. */
  let othersUntil = 0;
  let seen: Seen | null = null;
  /** What came for the log since a holder was known to live. */
  let unclaimed = 0;
  let renewing = false;
  let releasedAt = 0;
  let isClosed = false;
  let forbidden: string | null = null;
  const channels = subscriber.group((error) => {
    forbidden = error && describeForbidden(error, { own: [], foreign: FOREIGN_CHANNELS });
    if (forbidden === null) logger.info({}, 'Redis allows the channels of other services again');
    else {
      logger.error({ redis: link.target.label }, forbidden);
      void release();
    }
  });

  async function renew(): Promise<void> {
    if (renewing || isClosed || forbidden !== null) return;
    renewing = true;
    const askedAt = performance.now();
    try {
      const [holder, ttlMs] = (await link.script(leaseScript, [keys.foreignLease, nodeId, LEASE_MS])) as [
        string,
        number,
      ];
      if (holder === nodeId) take(askedAt);
      else look({ holder, notBefore: askedAt + ttlMs, notAfter: performance.now() + ttlMs });
    } catch {
      // Away: the lease runs out by the clock.
    } finally {
      renewing = false;
    }
  }

  /** The next holder need not wait for the end of a lease that nobody uses. */
  async function release(): Promise<void> {
    releasedAt = performance.now();
    // A renewal on its way comes before it.
    if (!renewing && releasedAt >= heldUntil) return;
    heldUntil = 0;
    await link.script(releaseScript, [keys.foreignLease, nodeId]).catch(() => undefined);
  }

  function take(askedAt: number): void {
    if (askedAt < releasedAt) return;
    if (heldUntil < askedAt) {
      logger.info({}, 'this node takes in events of other services');
      for (; unclaimed > 0; unclaimed--) observer.brokerEvent?.('foreign_lost');
    }
    heldUntil = askedAt + LEASE_MS;
  }

  /** A lease that was found may be a dead node's; one that moved or grew since the last look is not. */
  function look(now: Seen): void {
    heldUntil = 0;
    if (seen !== null && (now.holder !== seen.holder || now.notBefore > seen.notAfter + GROWN_MS)) {
      othersUntil = now.notBefore;
      unclaimed = 0;
    }
    seen = now;
  }

  function hear(
    channel: ForeignChannel,
    text: string,
    handler: (channel: ForeignChannel, message: unknown) => void,
  ): void {
    if (channel !== EPHEMERAL && performance.now() >= heldUntil) unclaimed += 1;
    let message: unknown;
    try {
      message = text.length > MAX_MESSAGE_CHARS ? undefined : JSON.parse(text);
    } catch {
      message = undefined;
    }
    if (message === undefined) observer.brokerEvent?.('junk');
    else handler(channel, message);
  }

  return {
    async start(handler) {
      const listening = FOREIGN_CHANNELS.map((channel) =>
        channels.listen(channel, (text) => hear(channel, text, handler)),
      );
      timer = setInterval(() => void renew(), RENEW_MS);
      link.onHeal(renew);
      await Promise.all(listening);
      await renew();
    },
    get forbidden() {
      return forbidden;
    },
    isHolder: () => performance.now() < heldUntil,
    isHeard: () =>
      link.status.state === 'connected' &&
      FOREIGN_CHANNELS.every((channel) => channels.isHeard(channel)) &&
      performance.now() < Math.max(heldUntil, othersUntil),
    async close() {
      clearInterval(timer);
      isClosed = true;
      await release();
    },
  };
}

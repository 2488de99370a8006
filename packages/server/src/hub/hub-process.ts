import { randomBytes } from 'node:crypto';
import { TrunklineError } from '@trunkline/protocol';
import { createRouter, type Router } from '../router/router.js';
import type { BrokerStatus } from '../seams/broker.js';
import { Absences } from './absences.js';
import { Calls } from './calls.js';
import { type Core, sharedNow } from './core.js';
import { drainConnections, drainWork } from './drain.js';
import { Grants } from './grants.js';
import type { HubOptions, HubStatus } from './hub-api.js';
import { createGateway, type GatewayParts, supersedeAgain } from './hub-gateway.js';
import { Joining } from './joining.js';
import { LiveAuthorisation } from './live-authorisation.js';
import { listenToNodes } from './node-listener.js';
import { NodeMessages } from './node-messages.js';
import { NodeUsage } from './node-usage.js';
import { OwnRooms } from './own-rooms.js';
import { PresenceService } from './presence-service.js';
import { PublishCommands } from './publish-command.js';
import { Publisher } from './publisher.js';
import { Pulse } from './pulse.js';
import { Receipts } from './receipts.js';
import { Requests } from './requests.js';
import { NO_POSITION } from './room-feed.js';
import { Rooms } from './rooms.js';
import { ServicePublisher } from './service-publisher.js';
import { createSessionIds } from './session-ids.js';
import { TokenRevocations } from './token-revocations.js';
import { UserBuckets } from './user-buckets.js';

/** An outage may have begun so long before it was noticed. */
const UNNOTICED_MS = 10_000;
/** Other nodes hear again by then. */
const ALL_BACK_MS = 5_000;

/** One running hub: its parts, started and ended in order. */
export class HubProcess {
  readonly parts: GatewayParts;
  readonly router: Router;
  #state: 'starting' | 'running' | 'draining' | 'closed' = 'starting';
  /** By the clock that nodes share. */
  #awaySince = Number.POSITIVE_INFINITY;

  constructor(
    private readonly core: Core,
    options: HubOptions,
  ) {
    const rooms = new Rooms(() => core);
    const grants = new Grants(core);
    const presence = new PresenceService(core, rooms);
    const joining = new Joining(core, rooms, presence);
    const publisher = new Publisher(core, rooms);
    const receipts = new Receipts(core);
    const calls = new Calls(core);
    const revocations = new TokenRevocations(core);
    const ownRooms = new OwnRooms(core, joining);
    const live = new LiveAuthorisation(core, grants, joining, ownRooms, revocations);
    const userBuckets = new UserBuckets(core);
    const usage = new NodeUsage(core, userBuckets);
    this.parts = {
      core,
      options,
      rooms,
      grants,
      presence,
      joining,
      publisher,
      receipts,
      calls,
      revocations,
      live,
      ownRooms,
      publishing: new PublishCommands({ core, rooms, grants, publisher, receipts }),
      requests: new Requests(core, options.forwardAction),
      nodeMessages: new NodeMessages(core, calls),
      sessionIds: createSessionIds(options.sessionSecret ?? randomBytes(32).toString('hex')),
      pulse: new Pulse(core, rooms, live, options.heartbeat),
      services: new ServicePublisher(core, publisher),
      userBuckets,
      usage,
      absences: new Absences(core, userBuckets),
      isDraining: () => this.#state === 'draining' || this.#state === 'closed',
    };
    this.router = createRouter({
      gateway: createGateway(this.parts),
      allowedOrigins: options.allowedOrigins,
      trustedProxies: options.trustedProxies,
      addresses: usage.addresses,
      connectionsPerAddress: core.limits.connectionsPerAddress,
      connectsPerSecond: core.limits.connectsPerSecond,
    });
  }

  async start(): Promise<void> {
    const { core, parts } = this;
    await Promise.all([core.ledger.start(), core.roster.start()]);
    await core.broker.start(listenToNodes(parts, (status) => this.#brokerChanged(status)));
    await Promise.all([parts.revocations.start(), core.directory.start(), core.presence.start()]);
    parts.live.start();
    parts.presence.start();
    parts.pulse.start();
    parts.usage.start();
    this.#state = 'running';
  }

  status(): HubStatus {
    const { broker, connections } = this.core;
    const brokerStatus = broker.status;
    const base = {
      broker: brokerStatus,
      connections: connections.byId.size,
      nodeId: broker.nodeId,
      rooms: this.parts.rooms.size,
    };
    if (this.#state === 'starting' || brokerStatus.state === 'starting')
      return { ...base, state: 'starting', ready: false };
    if (this.#state !== 'running') return { ...base, state: 'draining', ready: false };
    if (brokerStatus.state === 'degraded')
      return { ...base, state: 'degraded', ready: brokerStatus.deaf !== true, reason: brokerStatus.reason };
    return { ...base, state: 'ready', ready: true };
  }

  queuedBytes(): number {
    let bytes = 0;
    for (const { link } of this.core.connections.byId.values()) bytes += link.bufferedBytes();
    return bytes;
  }

  async drain(options: {
    readonly windowMs: number;
    readonly deadlineMs: number;
  }): Promise<{ readonly outbox: number }> {
    const deadline = performance.now() + options.deadlineMs;
    this.#state = 'draining';
    this.router.drain();
    const { presence, requests, publisher } = this.parts;
    await drainConnections(
      this.core,
      options,
      (connection) => connection.unacked > 0 || requests.isWaiting(connection),
    );
    const { broker, connections } = this.core;
    // Who was sent to another node would be seen to leave and to join; without other nodes nobody sees it.
    const isMissed = () => broker.name !== 'memory' && (connections.byId.size > 0 || presence.isInGrace);
    const isTelling = () => publisher.outbox.size > 0 || isMissed();
    // While Redis is away nothing says that it comes back in time.
    await drainWork(() => requests.isIdle && !(broker.status.state === 'connected' && isTelling()), deadline);
    return { outbox: publisher.outbox.size };
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    const { core, parts } = this;
    for (const connection of [...core.connections.byId.values()]) connection.close(1001, 'going_away');
    await this.router.close();
    parts.pulse.close();
    parts.usage.close();
    parts.live.close();
    parts.receipts.close();
    parts.nodeMessages.close();
    await parts.presence.close();
    const shared = [core.revocations, core.presence, core.directory, core.ledger, core.roster];
    await Promise.all(shared.map((part) => part.close()));
    await core.broker.close();
  }

  #brokerChanged(status: BrokerStatus): void {
    // Its connections end with this process: an operator would look for an outage.
    if (this.#state === 'closed') return;
    const { logger } = this.core;
    if (status.state === 'degraded') {
      this.#awaySince = Math.min(this.#awaySince, sharedNow(this.core));
      logger.warn({ reason: status.reason }, 'the broker is away: local delivery goes on');
    }
    if (status.state !== 'connected' || this.#state === 'starting') return;
    logger.info({}, 'the broker is back');
    void this.#heal().catch((error: unknown) => {
      if (!(error instanceof TrunklineError)) logger.error({ err: error }, 'healing failed');
    });
  }

  /** Now, and when the others have come back too. */
  #supersedeAgain(): void {
    const since = this.#awaySince - UNNOTICED_MS;
    this.#awaySince = Number.POSITIVE_INFINITY;
    supersedeAgain(this.core, since);
    setTimeout(() => supersedeAgain(this.core, since), ALL_BACK_MS).unref();
  }

  /** Rights first, then rooms, then what waited (DESIGN, "Redis away"). */
  async #heal(): Promise<void> {
    const { live, rooms, presence, publisher } = this.parts;
    this.#supersedeAgain();
    await live.recheckAll();
    const checked: Promise<void>[] = [];
    for (const { feed } of rooms.all()) {
      // Who joined meanwhile is told from where on; what waited then comes with its place.
      if (feed.position === NO_POSITION) checked.push(feed.checked());
      else feed.check();
    }
    await Promise.all(checked);
    await publisher.outbox.flush();
    await presence.restore();
  }
}

import { createId, type RoomRequest, TrunklineError } from '@trunkline/protocol';
import type { Principal } from '../seams/authenticator.js';
import type { Admission, Gateway, Greeting, OpenOptions } from '../seams/gateway.js';
import type { Gone, Link, LinkListener } from '../seams/link.js';
import type { Session } from '../seams/session.js';
import type { Absences } from './absences.js';
import { Connection } from './connection.js';
import { type Core, sharedNow } from './core.js';
import { forbidden } from './grants.js';
import type { HubOptions } from './hub-api.js';
import { HubSession } from './hub-session.js';
import { rosterEntry } from './joining.js';
import { connectionIdOn } from './node-messages.js';
import type { OwnRooms } from './own-rooms.js';
import type { Pulse } from './pulse.js';
import type { ServicePublisher } from './service-publisher.js';
import type { SessionIds } from './session-ids.js';
import type { SessionParts } from './session-parts.js';
import { SharedOptions } from './shared-options.js';
import type { Signal } from './signals.js';
import type { TokenRevocations } from './token-revocations.js';

type Superseded = Signal & { readonly t: 'superseded' };

export interface GatewayParts extends SessionParts {
  readonly options: HubOptions;
  readonly revocations: TokenRevocations;
  readonly sessionIds: SessionIds;
  readonly pulse: Pulse;
  readonly services: ServicePublisher;
  readonly absences: Absences;
  readonly ownRooms: OwnRooms;
  isDraining(): boolean;
}

/** The dialects' door: authentication before, a session after, and the end of both. */
export function createGateway(parts: GatewayParts): Gateway {
  const { core, options, revocations, services, nodeMessages, usage } = parts;
  const { logger, limits, observer } = core;
  const allowedOrigins = new Set(options.allowedOrigins);
  const lastingOptions = new SharedOptions();
  const admitsGuests = [...core.rules.kinds.values()].some(({ definition }) => definition.join.includes('anonymous'));

  async function authenticate(greeting: Greeting, signal: AbortSignal): Promise<Admission> {
    const { credentials, rooms = [] } = greeting;
    try {
      if (parts.isDraining())
        throw new TrunklineError('unavailable', 'This server is going away; connect again.', { retryAfterMs: 500 });
      const principal = await identify(credentials);
      revocations.check(principal);
      await parts.absences.check(principal.userId, signal);
      for (const room of rooms) if (!(await core.policy.evaluate(principal, room)).join) throw forbidden();
      if (signal.aborted) throw new TrunklineError('cancelled', 'The peer is gone.');
      // Last, so that the least time passes until it is opened and counted.
      refuseBeyondLimit(principal, greeting);
      return { principal, rooms };
    } catch (error) {
      observer.authFailed?.(error instanceof TrunklineError ? error.code : 'internal');
      throw error;
    }
  }

  /** Half-open connections of the session look alive for long: those here do not count, those elsewhere end by the next try. */
  function refuseBeyondLimit(principal: Principal, greeting: Greeting): void {
    const { userId } = principal;
    const most = limits.connectionsPerUser;
    const count = core.connections.countOf(userId) + usage.users.elsewhere(userId);
    if (count < most) return;
    const sessionId = sessionOf(parts, greeting, principal);
    if (sessionId !== null) {
      if (count - core.connections.ofSession(sessionId, userId).length < most) return;
      tellSuperseded(core, { sessionId, userId, connectionId: '', openedAt: sharedNow(core) });
    }
    observer.limited?.('connections_per_user');
    throw new TrunklineError('too_many_connections', `At most ${most} connections a user.`);
  }

  async function identify({ token, fromCookie, origin }: Greeting['credentials']): Promise<Principal> {
    if (token === undefined || (fromCookie && (origin === undefined || !allowedOrigins.has(origin)))) {
      if (token === undefined && admitsGuests) return guest();
      throw new TrunklineError('unauthenticated', 'A token is needed.');
    }
    return core.authenticator.authenticate(token);
  }

  function open<F>(link: Link<F>, admission: Admission, openOptions: OpenOptions): Session {
    const { principal } = admission;
    const resumed = sessionOf(parts, openOptions, principal);
    const sessionId = resumed ?? parts.sessionIds.create();
    const connection = new Connection(
      core,
      connectionIdOn(core.broker.nodeId),
      sessionId,
      link,
      principal,
      lastingOptions.of(openOptions),
      openOptions.presence,
    );
    if (resumed !== null) supersede(core, connection);
    core.connections.add(connection);
    usage.users.set(principal.userId, core.connections.countOf(principal.userId));
    const session = new HubSession(parts, connection);
    const { dialect } = openOptions;
    observer.connectionOpened?.(dialect);
    onceGone(link, session);
    connection.tell({
      type: 'opened',
      connectionId: connection.id,
      // One that was verified needs no second signature.
      session: (resumed && openOptions.session) || parts.sessionIds.sign(sessionId, principal.userId),
      principal,
      serverTime: Date.now(),
      limits: welcomeLimits(parts, connection),
      heartbeat: parts.pulse.timingOf(connection),
      ...(openOptions.ref === undefined ? {} : { ref: openOptions.ref }),
    });
    parts.pulse.tellExpiry(connection);
    core.roster.set(rosterEntry(core, connection));
    logger.info({ connectionId: connection.id, dialect, userId: principal.userId }, 'connection opened');
    // It may have been revoked since it was authenticated.
    revocations.enforce(connection);
    const begun = begin(parts, connection, session, [admission, openOptions]);
    if (openOptions.autoJoin) session.opensWith(begun);
    return session;
  }

  return {
    authenticate,
    open,
    publish: (publication) => services.publish(publication),
    call: async (to, method, data, callOptions) => nodeMessages.call(to.connectionId, [method, data], callOptions),
    login: async (name, password, address) => {
      if (!options.accounts) throw new TrunklineError('unauthenticated', 'There are no accounts here.');
      return options.accounts.login(name, password, address);
    },
    testToken: async () => options.accounts?.testToken() ?? null,
    limits: {
      maxMessageBytes: limits.maxMessageBytes,
      maxQueueBytes: limits.maxQueueBytes,
      helloTimeoutMs: limits.helloTimeoutMs,
      heartbeat: parts.pulse.timing,
    },
    logger,
    observer,
  };
}

function welcomeLimits({ core }: GatewayParts, connection: Connection) {
  const { limits, connections } = core;
  connection.toldSpreadMs = connections.reconnectSpreadMs;
  return {
    maxMessageBytes: limits.maxMessageBytes,
    maxRooms: limits.roomsPerConnection,
    maxUnacked: limits.unacked,
    messagesPerSecond: limits.messagesPerSecond,
    burst: limits.messageBurst,
    dedupeWindowMs: limits.dedupeWindowMs,
    reconnectSpreadMs: connections.reconnectSpreadMs,
  };
}

/** The session it goes on with; null: none, or one that is not this user's or was ended. */
function sessionOf(
  { sessionIds, revocations }: GatewayParts,
  { session }: Pick<OpenOptions, 'session'>,
  { userId }: Principal,
): string | null {
  const id = session === undefined ? null : sessionIds.verify(session, userId);
  return id !== null && revocations.hasEnded(id) ? null : id;
}

function guest(): Principal {
  return { userId: `guest:${createId()}`, roles: [], rooms: [], claims: {}, expiresAt: null, anonymous: true };
}

/** The newest socket of a session wins, on whichever node. */
function supersede(core: Core, connection: Connection): void {
  connection.isResumed = true;
  const { sessionId } = connection;
  const { userId } = connection.principal;
  for (const older of core.connections.ofSession(sessionId, userId)) older.close(4500, 'superseded');
  tellSuperseded(core, newestOf(connection));
}

/** What other nodes may have missed while they could not be reached. */
export function supersedeAgain(core: Core, since: number): void {
  for (const connection of core.connections.byId.values())
    if (connection.isResumed && connection.connectedAt >= since) tellSuperseded(core, newestOf(connection));
}

function newestOf({ id, sessionId, connectedAt, principal }: Connection): Omit<Superseded, 't'> {
  return { sessionId, userId: principal.userId, connectionId: id, openedAt: connectedAt };
}

function tellSuperseded(core: Core, newest: Omit<Superseded, 't'>): void {
  core.broker.signal('all', { t: 'superseded', ...newest } satisfies Superseded);
}

/** The rooms the connection opened with: those of its greeting, those it asked for, those that join by themselves. */
async function begin(
  parts: GatewayParts,
  connection: Connection,
  session: HubSession,
  [admission, { ref, rooms = [] }]: readonly [Admission, OpenOptions],
): Promise<void> {
  const { core, ownRooms } = parts;
  const asked: RoomRequest[] = [...admission.rooms.map((room) => ({ room })), ...rooms];
  const first = new Map(asked.map((request, index) => [request.room, index] as const).reverse());
  await Promise.all(
    asked.map(async (request, index) => {
      if (first.get(request.room) !== index) return;
      const error = await session.joinAtOpen(request, ref);
      if (error === null) return;
      connection.tell({
        type: 'join_refused',
        room: request.room,
        index: index - admission.rooms.length,
        error,
        ...(ref === undefined ? {} : { ref }),
      });
      // A format whose URL names its room has nothing to say without it.
      if (index < admission.rooms.length) connection.close(error.retryable ? 1013 : 1008, error.code);
    }),
  );
  await ownRooms
    .join(connection)
    .catch((error: unknown) => core.logger.warn({ err: error }, 'automatic rooms could not be joined'));
}

/** Links without a listener of their own have a signal. */
function onceGone<F>(link: Link<F>, listener: LinkListener): void {
  if (link.onGone) {
    link.onGone(listener);
    return;
  }
  const { signal } = link;
  const ended = (): void => listener.gone((signal.reason ?? { code: 1006, clean: false }) as Gone);
  if (signal.aborted) ended();
  else signal.addEventListener('abort', ended, { once: true });
}

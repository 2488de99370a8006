import { randomUUID } from 'node:crypto';
import type { Contract } from '@trunkline/protocol';
import { createMemoryBroker } from '../broker/memory-broker.js';
import { createMemoryDirectory } from '../directory/memory-directory.js';
import { createMemoryLedger } from '../ledger/memory-ledger.js';
import { createMemoryPresenceStore } from '../presence/memory-presence-store.js';
import { createMemoryRevocationStore } from '../revocations/memory-revocation-store.js';
import { createMemoryRoster } from '../roster/memory-roster.js';
import type { Logger } from '../seams/logger.js';
import { createContractPolicy } from './contract-policy.js';
import { Connections, type Core, sharedNow } from './core.js';
import { endPage } from './end-page.js';
import { createEventRules } from './event-rules.js';
import type { ActionContext, Hub, HubOptions } from './hub-api.js';
import { DEFAULT_HUB_LIMITS } from './hub-limits.js';
import { HubProcess } from './hub-process.js';
import { plainJson } from './plain-json.js';
import type { Signal } from './signals.js';

/** As Redis's own pages: a log may weigh more than one string can. */
const PAGE_BYTES = 8 * 1_024 * 1_024;

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/**
 * The hub as a library: embed it in any Node HTTP server.
 *
 * @throws {TypeError} for options that can not work together, in one sentence
 */
export function createHub<C extends Contract>(options: HubOptions<C>): Hub<C> {
  const rules = createEventRules(options.contract);
  const directory = options.directory ?? createMemoryDirectory();
  const core: Core = {
    contract: options.contract,
    rules,
    authenticator: options.authenticator,
    broker: options.broker ?? createMemoryBroker(),
    presence: options.presence ?? createMemoryPresenceStore(),
    directory,
    ledger: options.ledger ?? createMemoryLedger(),
    revocations: options.revocations ?? createMemoryRevocationStore(),
    roster: options.roster ?? createMemoryRoster(),
    policy: options.policy ?? createContractPolicy(rules, directory),
    limits: { ...DEFAULT_HUB_LIMITS, ...options.limits },
    observer: options.observer ?? {},
    logger: options.logger ?? SILENT,
    connections: new Connections(),
  };
  const hub = new HubProcess(core, options);
  const plain = (data: unknown) => (data === undefined ? undefined : plainJson(data, core.limits.maxMessageBytes));
  return {
    contract: options.contract,
    directory: core.directory,
    roster: core.roster,
    start: () => hub.start(),
    status: () => hub.status(),
    queuedBytes: () => hub.queuedBytes(),
    authenticate: async (token) => {
      const principal = await core.authenticator.authenticate(token);
      hub.parts.revocations.check(principal);
      return principal;
    },
    attach: (server, dialects) => hub.router.attach(server, dialects),
    // For types that nothing here shows, the contract's schemas vouch at run time.
    handle: (action, handler) =>
      hub.parts.requests.handle(action, handler as (input: unknown, context: ActionContext<unknown>) => unknown),
    publish: (publication) => hub.parts.services.publish(publication),
    broadcast: async (event, data) => {
      core.broker.signal('all', {
        t: 'broadcast',
        event,
        id: randomUUID(),
        data: plain(data),
        timestamp: Date.now(),
      } satisfies Signal);
    },
    history: async (room, query) => {
      core.rules.kindOf(room);
      const page = await core.broker.read(room, query);
      const end = { maxBytes: PAGE_BYTES, newestFirst: query.after === undefined };
      return { ...page, entries: endPage(page.entries, end) };
    },
    purge: async (room) => {
      core.rules.kindOf(room);
      // It will fail while the broker is away, and must not explain the gap of one that lost its data.
      if (core.broker.status.state === 'connected') core.broker.signal('all', { t: 'purging', room } satisfies Signal);
      await core.broker.purge(room);
    },
    presence: async (room) => {
      core.rules.kindOf(room);
      return core.presence.list(room);
    },
    roomsOf: (userId) => core.presence.roomsOf(userId),
    call: async (to, method, data, callOptions) =>
      hub.parts.nodeMessages.call(to.connectionId, [method, plain(data)], callOptions) as Promise<never>,
    disconnect: async (userId) => {
      const at = sharedNow(core);
      core.broker.signal('all', { t: 'disconnect', userId, at } satisfies Signal);
      return hub.parts.revocations.spread({ type: 'disconnect', userId, at });
    },
    revoke: async (revocation) => {
      core.broker.signal('all', { t: 'revoke', revocation } satisfies Signal);
      return hub.parts.revocations.spread({ type: 'revoke', revocation });
    },
    drain: (drainOptions) => hub.drain(drainOptions),
    close: () => hub.close(),
  };
}

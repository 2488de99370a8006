import { TrunklineError } from '@trunkline/protocol';

/** The name of everything we keep in Redis. A room's keys carry the hash tag `{kind:id}`, so that they share a slot. */
export interface RedisKeys {
  readonly prefix: string;
  log(room: string): string;
  meta(room: string): string;
  dedupe(room: string, key: string): string;
  retained(room: string): string;
  retainedOrder(room: string): string;
  roomChannel(room: string): string;
  readonly canary: string;
  canaryOf(nodeId: string): string;
  readonly nodesChannel: string;
  nodeChannel(nodeId: string): string;
  presence(room: string): string;
  presenceIndex(room: string): string;
  presenceVersion(room: string): string;
  presenceUser(userId: string): string;
  readonly leases: string;
  leaseRooms(incarnation: string): string;
  relations(object: string): string;
  relationUser(userId: string): string;
  readonly relationLog: string;
  readonly relationMeta: string;
  readonly relationChannel: string;
  readonly rosterNodes: string;
  rosterEntries(nodeId: string): string;
  rosterOrder(nodeId: string): string;
  rosterRooms(nodeId: string): string;
  rosterRoomOrder(nodeId: string): string;
  request(key: string): string;
  requestChannel(key: string): string;
  receipts(room: string): string;
  readonly foreignLease: string;
  readonly sessionEnds: string;
  readonly sessionEndOrder: string;
  readonly sessionEndExpiry: string;
  readonly sessionEndMeta: string;
}

/** @throws {TrunklineError} `invalid_data` for a prefix that would break hash tags */
export function createRedisKeys(prefix: string): RedisKeys {
  if (!/^[A-Za-z0-9._:-]{1,64}$/.test(prefix)) {
    throw new TrunklineError(
      'invalid_data',
      'The Redis prefix is 1-64 letters, digits, dots, colons, dashes or underscores.',
    );
  }
  const room = (name: string, part: string): string => `${prefix}:{${name}}:${part}`;
  return {
    prefix,
    log: (name) => room(name, 'log'),
    meta: (name) => room(name, 'meta'),
    dedupe: (name, key) => room(name, `seen:${key}`),
    retained: (name) => room(name, 'retained'),
    retainedOrder: (name) => room(name, 'retained-order'),
    roomChannel: (name) => room(name, 'events'),
    canary: `${prefix}:canary`,
    canaryOf: (nodeId) => `${prefix}:canary:${nodeId}`,
    nodesChannel: `${prefix}:nodes`,
    nodeChannel: (nodeId) => `${prefix}:node:${nodeId}`,
    presence: (name) => room(name, 'present'),
    presenceIndex: (name) => room(name, 'present-connections'),
    presenceVersion: (name) => room(name, 'present-version'),
    presenceUser: (userId) => `${prefix}:present:${userId}`,
    leases: `${prefix}:leases`,
    leaseRooms: (incarnation) => `${prefix}:lease-rooms:${incarnation}`,
    relations: (object) => room(object, 'relations'),
    relationUser: (userId) => `${prefix}:relations-of:${userId}`,
    relationLog: `${prefix}:relation-changes`,
    relationMeta: `${prefix}:relation-changes-meta`,
    relationChannel: `${prefix}:relation-hint`,
    rosterNodes: `${prefix}:roster`,
    rosterEntries: (nodeId) => `${prefix}:roster:${nodeId}`,
    rosterOrder: (nodeId) => `${prefix}:roster-order:${nodeId}`,
    rosterRooms: (nodeId) => `${prefix}:roster-rooms:${nodeId}`,
    rosterRoomOrder: (nodeId) => `${prefix}:roster-room-order:${nodeId}`,
    request: (key) => `${prefix}:request:${key}`,
    requestChannel: (key) => `${prefix}:request-channel:${key}`,
    receipts: (name) => room(name, 'receipts'),
    foreignLease: `${prefix}:foreign-lease`,
    sessionEnds: `${prefix}:session-ends`,
    sessionEndOrder: `${prefix}:session-end-order`,
    sessionEndExpiry: `${prefix}:session-end-expiry`,
    sessionEndMeta: `${prefix}:session-end-meta`,
  };
}

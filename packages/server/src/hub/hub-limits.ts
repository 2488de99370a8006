import { DEFAULT_LIMITS } from '@trunkline/protocol';
import type { HubLimits } from './hub-api.js';

/** DESIGN's defaults ("Process interface"). */
export const DEFAULT_HUB_LIMITS: HubLimits = {
  actionTimeoutMs: 30_000,
  authorisationStaleMs: 60_000,
  connectionsPerAddress: 1_000,
  connectionsPerUser: 50,
  connectsPerSecond: 5_000,
  dedupeWindowMs: 600_000,
  helloTimeoutMs: 5_000,
  historySize: 1_000,
  historyTtlMs: 86_400_000,
  maxMessageBytes: DEFAULT_LIMITS.messageBytes,
  maxQueueBytes: 1_048_576,
  messageBurst: DEFAULT_LIMITS.messageBurst,
  messagesPerSecond: DEFAULT_LIMITS.messagesPerSecond,
  roomsPerConnection: DEFAULT_LIMITS.rooms,
  unacked: DEFAULT_LIMITS.unacked,
};

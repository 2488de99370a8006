import { describeForbiddenCommand, isReplyError } from './redis-failure.js';

/** Where other services publish; the names are theirs and carry no prefix. */
export const FOREIGN_CHANNELS = ['booking:status', 'support:message', 'technician:location'] as const;

/** The channels that a Redis ACL must allow to our user, as patterns. */
export interface RedisChannels {
  /** To subscribe to and to publish on. */
  readonly own: readonly string[];
  /** Of other services, to subscribe to. */
  readonly foreign: readonly string[];
}

/** @param prefix as in `createRedisBackend` */
export function redisChannels(prefix: string): RedisChannels {
  return { own: [`${prefix}:*`], foreign: FOREIGN_CHANNELS };
}

/** An ACL stands against it, and will until an operator changes it. */
export function isForbidden(error: unknown): error is Error {
  return isReplyError(error) && error.message.startsWith('NOPERM');
}

/** The rule that is missing, for what {@link isForbidden}. */
export function describeForbidden(error: Error, { own, foreign }: RedisChannels): string {
  const command = describeForbiddenCommand(error.message);
  if (command !== null) return command;
  const needs = [];
  if (own.length > 0) needs.push(rulesFor(own));
  if (foreign.length > 0) needs.push(`${rulesFor(foreign)} for the events of other services`);
  return `Redis forbids channels to our user (ACL): it needs ${needs.join(', and ')}`;
}

const rulesFor = (channels: readonly string[]): string => channels.map((channel) => `&${channel}`).join(' ');

import type { Appended, Publication } from '../../seams/broker.js';
import { createUuid } from '../../uuid.js';
import { digestPayload } from '../payload-digest.js';
import { encodePayload } from './envelope.js';
import { describeFailure } from './redis-failure.js';
import type { RedisKeys } from './redis-keys.js';

/** Meta outlives the log by this, or trimming would look like a new life. */
export const META_EXTRA_MS = 7 * 86_400_000;

/** Of the payload, the one argument that may be long. */
export const PAYLOAD_AT = 5;

/** Keys and arguments of the append script. */
export function argumentsOf(publication: Publication, keys: RedisKeys): readonly (string | number)[] {
  const { room, eventId, log, dedupeWindowMs, minReplicas } = publication;
  return [
    keys.log(room),
    keys.meta(room),
    keys.dedupe(room, rememberedKey(publication)),
    createUuid(),
    eventId,
    encodePayload(publication),
    digestPayload(publication),
    log.size,
    log.ttlMs,
    dedupeWindowMs,
    log.ttlMs + META_EXTRA_MS,
    keys.roomChannel(room),
    minReplicas > 0 ? 1 : 0,
  ];
}

/** @param resent the event id of a publish that was sent before, whose duplicate is the append itself; null: the first try */
export function readReply(reply: unknown, resent: string | null): Appended {
  const [status, epoch, offset, eventId] = Array.isArray(reply) ? reply : [];
  if (status === 'conflict') return { status };
  if (typeof epoch !== 'string' || typeof eventId !== 'string') throw new Error(describeFailure(reply));
  return {
    status: status === 'appended' || eventId === resent ? 'appended' : 'duplicate',
    eventId,
    epoch,
    offset: Number(offset),
  };
}

/** Lengths keep ('a', 'b c') and ('a b', 'c') apart; a service's event id can not meet a user's key. */
function rememberedKey({ eventId, key }: Publication): string {
  return key === undefined ? `e${eventId}` : `u${key.userId.length}:${key.userId}${key.id}`;
}

import type { Appended, Publication } from '../../seams/broker.js';
import { createUuid } from '../../uuid.js';
import { digestPayload } from '../payload-digest.js';
import { encodePayload } from './envelope.js';
import { describeFailure } from './redis-failure.js';
import type { RedisKeys } from './redis-keys.js';

/** Meta outlives the log by this, or trimming would look like a new life. */
export const META_EXTRA_MS = 7 * 86_400_000;

/** What one call appends at most: while it runs Redis serves nobody else. */
const MAX_TOGETHER = 64;
const MAX_TOGETHER_CHARS = 262_144;

/** A publish in the words of the append script, made once however often it is sent. */
export interface Wording {
  readonly dedupeKey: string;
  readonly payload: string;
  readonly digest: string;
}

export function wordingOf(publication: Publication, keys: RedisKeys): Wording {
  return {
    dedupeKey: keys.dedupe(publication.room, rememberedKey(publication)),
    payload: encodePayload(publication),
    digest: digestPayload(publication),
  };
}

/** A publish and its wording. */
export interface Worded {
  readonly publication: Publication;
  readonly wording: Wording;
}

/** What one call of the script appends. */
export type Together<T> = [T, ...T[]];

/** Keys and arguments of the append script, for publishes of one room with the same terms. */
export function argumentsOf(together: Together<Worded>, keys: RedisKeys): (string | number)[] {
  const { room, log, dedupeWindowMs, minReplicas } = together[0].publication;
  const args: (string | number)[] = [keys.log(room), keys.meta(room)];
  for (const { wording } of together) args.push(wording.dedupeKey);
  args.push(createUuid(), log.size, log.ttlMs, log.ttlMs + META_EXTRA_MS, dedupeWindowMs);
  args.push(keys.roomChannel(room), minReplicas > 0 ? 1 : 0);
  for (const { publication, wording } of together) args.push(publication.eventId, wording.payload, wording.digest);
  return args;
}

/** A room's publishes together, in order, as far as one call may append them. */
export function byRoom<T extends Worded>(all: readonly T[]): readonly Together<T>[] {
  const calls: Together<T>[] = [];
  const newest = new Map<string, { readonly call: Together<T>; chars: number }>();
  for (const one of all) {
    const { room } = one.publication;
    const size = one.wording.payload.length;
    const last = newest.get(room);
    if (
      last !== undefined &&
      last.call.length < MAX_TOGETHER &&
      last.chars + size <= MAX_TOGETHER_CHARS &&
      haveSameTerms(last.call[0], one)
    ) {
      last.call.push(one);
      last.chars += size;
    } else {
      const call: Together<T> = [one];
      calls.push(call);
      newest.set(room, { call, chars: size });
    }
  }
  return calls;
}

/** @param resent the event id of a publish that was sent before, whose duplicate is the append itself; null: the first try */
export function readReply(reply: unknown, resent: string | null): Appended {
  if (reply instanceof Error) throw reply;
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

function haveSameTerms({ publication: a }: Worded, { publication: b }: Worded): boolean {
  return (
    a.log.size === b.log.size &&
    a.log.ttlMs === b.log.ttlMs &&
    a.dedupeWindowMs === b.dedupeWindowMs &&
    a.minReplicas === b.minReplicas
  );
}

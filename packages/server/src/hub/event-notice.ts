import type { EventNotice } from '../seams/notice.js';

/** An event without its room, from the log, from another node, or as it was told to others. */
type Event = Omit<EventNotice, 'type' | 'room' | 'ref'>;

/**
 * An event as a member is told of it. All of them have one shape: encoders read each field in turn, and objects that
 * were put together by spreading missed the inline cache at each.
 */
export function eventNotice(room: string, told: Event, ref?: string, replayed?: true): EventNotice {
  const { event, id, offset, epoch, provisional, from, data, timestamp } = told;
  return { type: 'event', room, event, id, ref, offset, epoch, provisional, from, data, timestamp, replayed };
}

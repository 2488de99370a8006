import type { From } from '@trunkline/protocol';
import type { EventNotice } from '../seams/notice.js';
import { isPlain, quote } from './quote.js';

/**
 * An event notice as JSON. Only `data` goes through JSON.stringify where names and ids are plain: for the rest it costs
 * three times what joining strings does. `ref` is last, so that the copy for the sender is the others' with another ending.
 */
export function wordEvent(notice: EventNotice): string {
  const { room, event, id, ref, offset, epoch, provisional, from, data, timestamp } = notice;
  if (!isPlain(room) || !isPlain(event) || !isPlain(id) || !isPlain(epoch ?? '')) return wordAny(notice);
  const place = offset === undefined || epoch === undefined ? '' : `,"offset":${offset},"epoch":"${epoch}"`;
  const shown = provisional === undefined ? '' : `,"provisional":${provisional}`;
  const rest = data === undefined ? '' : `,"data":${JSON.stringify(data)}`;
  const ending = ref === undefined ? '}' : endingWith(ref);
  return `{"type":"event","room":"${room}","event":"${event}","id":"${id}"${place}${shown},"from":${wordFrom(from)}${rest},"timestamp":${timestamp}${ending}`;
}

/** What stands after everything else of an event that shows its `ref`. */
export function endingWith(ref: string): string {
  return `,"ref":${quote(ref)}}`;
}

function wordAny({ room, event, id, ref, offset, epoch, provisional, from, data, timestamp }: EventNotice): string {
  const place = offset === undefined || epoch === undefined ? {} : { offset, epoch };
  return JSON.stringify({ type: 'event', room, event, id, ...place, provisional, from, data, timestamp, ref });
}

function wordFrom(from: From): string {
  if (!('userId' in from) || from.connectionId === undefined) return JSON.stringify(from);
  const { userId, connectionId } = from;
  return isPlain(userId) && isPlain(connectionId)
    ? `{"userId":"${userId}","connectionId":"${connectionId}"}`
    : JSON.stringify({ userId, connectionId });
}

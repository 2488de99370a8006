import type { From } from '@trunkline/protocol';
import type { EventNotice } from '../seams/dialect.js';
import { quote } from './quote.js';

/**
 * An event notice as JSON. Only `data` goes through JSON.stringify: for the rest it costs three times what joining strings
 * does. `ref` is last, so that the copy for the sender is the others' with another ending.
 */
export function wordEvent(notice: EventNotice): string {
  const { room, event, id, ref, offset, epoch, provisional, from, data, timestamp } = notice;
  const place = offset === undefined || epoch === undefined ? '' : `,"offset":${offset},"epoch":${quote(epoch)}`;
  const shown = provisional === undefined ? '' : `,"provisional":${provisional}`;
  const rest = data === undefined ? '' : `,"data":${JSON.stringify(data)}`;
  const head = `{"type":"event","room":${quote(room)},"event":${quote(event)},"id":${quote(id)}${place}${shown}`;
  const ending = ref === undefined ? '}' : endingWith(ref);
  return `${head},"from":${wordFrom(from)}${rest},"timestamp":${timestamp}${ending}`;
}

/** What stands after everything else of an event that shows its `ref`. */
export function endingWith(ref: string): string {
  return `,"ref":${quote(ref)}}`;
}

function wordFrom(from: From): string {
  if (!('userId' in from) || from.connectionId === undefined) return JSON.stringify(from);
  return `{"userId":${quote(from.userId)},"connectionId":${quote(from.connectionId)}}`;
}

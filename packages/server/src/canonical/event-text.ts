import type { From } from '@trunkline/protocol';
import type { EventNotice } from '../seams/dialect.js';
import { quote } from './quote.js';

/**
 * Words event notices as JSON. An event goes out twice, with `ref` to its sender and without to the others: the newest
 * one's text is remembered around the place of `ref`, so that it is made once. Only `data` goes through JSON.stringify:
 * for the rest it costs three times what joining strings does.
 */
export class EventText {
  #newest: EventNotice | null = null;
  #head = '';
  #tail = '';

  of(notice: EventNotice): string {
    if (this.#newest === null || !isSameEvent(notice, this.#newest)) this.#word(notice);
    const { ref } = notice;
    return ref === undefined ? this.#head + this.#tail : `${this.#head},"ref":${quote(ref)}${this.#tail}`;
  }

  #word(notice: EventNotice): void {
    const { room, event, id, offset, epoch, provisional, from, data, timestamp } = notice;
    this.#newest = notice;
    this.#head = `{"type":"event","room":${quote(room)},"event":${quote(event)},"id":${quote(id)}`;
    const place = offset === undefined || epoch === undefined ? '' : `,"offset":${offset},"epoch":${quote(epoch)}`;
    const shown = provisional === undefined ? '' : `,"provisional":${provisional}`;
    const rest = data === undefined ? '' : `,"data":${JSON.stringify(data)}`;
    this.#tail = `${place}${shown},"from":${wordFrom(from)}${rest},"timestamp":${timestamp}}`;
  }
}

function wordFrom(from: From): string {
  if (!('userId' in from) || from.connectionId === undefined) return JSON.stringify(from);
  return `{"userId":${quote(from.userId)},"connectionId":${quote(from.connectionId)}}`;
}

/** Notices are never changed, so the same `data` under the same id and place is the same event. */
function isSameEvent(one: EventNotice, other: EventNotice): boolean {
  return (
    one.data === other.data &&
    one.id === other.id &&
    one.offset === other.offset &&
    one.epoch === other.epoch &&
    one.room === other.room &&
    one.event === other.event &&
    one.from === other.from &&
    one.provisional === other.provisional &&
    one.timestamp === other.timestamp
  );
}

import type { EventNotice } from '../seams/dialect.js';

/**
 * Words event notices as JSON. An event goes out twice, with `ref` to its sender and without to the others: the newest
 * one's text is remembered around the place of `ref`, so that it is made once.
 */
export class EventText {
  #newest: EventNotice | null = null;
  #head = '';
  #tail = '';

  of(notice: EventNotice): string {
    if (this.#newest === null || !isSameEvent(notice, this.#newest)) this.#word(notice);
    const { ref } = notice;
    return ref === undefined ? this.#head + this.#tail : `${this.#head},"ref":${JSON.stringify(ref)}${this.#tail}`;
  }

  #word(notice: EventNotice): void {
    const { room, event, id, offset, epoch, provisional, from, data, timestamp } = notice;
    this.#head = JSON.stringify({ type: 'event', room, event, id }).slice(0, -1);
    this.#tail = `,${JSON.stringify({ offset, epoch, provisional, from, data, timestamp }).slice(1)}`;
    this.#newest = notice;
  }
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

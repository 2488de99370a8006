import { TrunklineError } from '@trunkline/protocol';

/** A publish and its place among this session's, which it keeps over every try. */
interface Place {
  readonly id: string;
  readonly number: number;
}

const REMEMBERED = 10_000;

/**
 * One publisher's durable events in a room keep their order (DESIGN, "Order"): after a retryable refusal the later ones
 * are refused too, and each is taken again only when everything refused before it was taken or skipped.
 */
export class PublishOrder {
  /** By room: what was refused, oldest first. */
  #refused: Map<string, Place[]> | null = null;
  /** By room: refused ones that came again and are under way. */
  #again: Map<string, Map<string, number>> | null = null;
  #arrivals = 0;

  /** The number of a publish that arrives now. */
  arrive(): number {
    this.#arrivals += 1;
    return this.#arrivals;
  }

  /** @throws {TrunklineError} `out_of_order`, and then remembers that this one was refused too */
  check(room: string, id: string, number: number): void {
    const refused = this.#refused?.get(room);
    if (refused === undefined) return;
    const [oldest] = refused;
    if (oldest === undefined || number < oldest.number) return;
    if (oldest.id !== id) {
      this.#refuse(room, { id, number });
      throw new TrunklineError(
        'out_of_order',
        'An earlier publish to this room was refused; send it again first, or skip it.',
        { path: 'id' },
      );
    }
    this.#remove(room, id);
    this.#again ??= new Map();
    const again = this.#again.get(room) ?? new Map<string, number>();
    this.#again.set(room, again.set(id, oldest.number));
  }

  /** A publish was refused for now. */
  refuse(room: string, id: string, number: number): void {
    this.#refuse(room, { id, number: this.#again?.get(room)?.get(id) ?? number });
    this.#forget(room, id);
  }

  /** A publish was taken, refused for good, or given up by its publisher. */
  settle(room: string, id: string): void {
    this.#remove(room, id);
    this.#forget(room, id);
  }

  #refuse(room: string, place: Place): void {
    this.#refused ??= new Map();
    const refused = this.#refused.get(room) ?? [];
    if (refused.length >= REMEMBERED || refused.some(({ id }) => id === place.id)) return;
    const index = refused.findIndex(({ number }) => number > place.number);
    refused.splice(index < 0 ? refused.length : index, 0, place);
    this.#refused.set(room, refused);
  }

  #remove(room: string, id: string): void {
    const refused = this.#refused?.get(room);
    if (refused === undefined) return;
    const index = refused.findIndex((place) => place.id === id);
    if (index >= 0) refused.splice(index, 1);
    if (refused.length === 0) this.#refused?.delete(room);
  }

  #forget(room: string, id: string): void {
    const again = this.#again?.get(room);
    if (again?.delete(id) && again.size === 0) this.#again?.delete(room);
  }
}

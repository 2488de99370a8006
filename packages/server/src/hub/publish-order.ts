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
  #refused: Map<string, RefusedPlaces> | null = null;
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
    const oldest = this.#refused?.get(room)?.oldest;
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
    const refused = this.#refused.get(room) ?? new RefusedPlaces();
    refused.add(place);
    this.#refused.set(room, refused);
  }

  #remove(room: string, id: string): void {
    const refused = this.#refused?.get(room);
    if (refused === undefined) return;
    refused.delete(id);
    if (refused.oldest === undefined) this.#refused?.delete(room);
  }

  #forget(room: string, id: string): void {
    const again = this.#again?.get(room);
    if (again?.delete(id) && again.size === 0) this.#again?.delete(room);
  }
}

/** What was refused in one room, oldest first. A flood adds at its end as cheaply as the first did. */
class RefusedPlaces {
  readonly #places: Place[] = [];
  readonly #ids = new Set<string>();

  get oldest(): Place | undefined {
    return this.#places[0];
  }

  add(place: Place): void {
    if (this.#places.length >= REMEMBERED || this.#ids.has(place.id)) return;
    const before = this.#places.findLastIndex(({ number }) => number <= place.number);
    this.#places.splice(before + 1, 0, place);
    this.#ids.add(place.id);
  }

  delete(id: string): void {
    if (!this.#ids.delete(id)) return;
    const index = this.#places.findIndex((place) => place.id === id);
    this.#places.splice(index, 1);
  }
}

import { TrunklineError } from '@trunkline/protocol';

/** A publish as it arrived; later ones have higher numbers. */
export interface Arrival {
  readonly id: string;
  readonly number: number;
}

/**
 * One publisher's durable events in a room keep their order: after a retryable refusal the later ones are refused too,
 * until the refused id comes again or is skipped (DESIGN, "Order").
 */
export class PublishOrder {
  readonly #refused = new Map<string, Arrival>();
  #arrivals = 0;

  arrive(id: string): Arrival {
    this.#arrivals += 1;
    return { id, number: this.#arrivals };
  }

  /** @throws {TrunklineError} `out_of_order` */
  check(room: string, arrival: Arrival): void {
    const refused = this.#refused.get(room);
    if (refused === undefined || refused.id === arrival.id || arrival.number < refused.number) return;
    throw new TrunklineError(
      'out_of_order',
      'An earlier publish to this room was refused; send it again first, or skip it.',
      { path: 'id' },
    );
  }

  settled(room: string, arrival: Arrival, error: unknown): void {
    const refused = this.#refused.get(room);
    const isRefusal = error instanceof TrunklineError && error.retryable && error.code !== 'out_of_order';
    if (isRefusal && (refused === undefined || arrival.number < refused.number)) this.#refused.set(room, arrival);
    else if (!isRefusal) this.skip(room, arrival.id);
  }

  skip(room: string, id: string): void {
    if (this.#refused.get(room)?.id === id) this.#refused.delete(room);
  }
}

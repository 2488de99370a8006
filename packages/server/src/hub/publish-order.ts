import { TrunklineError } from '@trunkline/protocol';

/**
 * One publisher's durable events in a room keep their order: after a retryable refusal the later ones are refused too,
 * until the refused id comes again or is skipped (DESIGN, "Order").
 */
export class PublishOrder {
  readonly #refused = new Map<string, string>();

  /** @throws {TrunklineError} `out_of_order` */
  check(room: string, id: string): void {
    const refused = this.#refused.get(room);
    if (refused === undefined || refused === id) return;
    throw new TrunklineError('out_of_order', 'An earlier publish to this room was refused; send it again first, or skip it.', { path: 'id' });
  }

  settled(room: string, id: string, error: unknown): void {
    const isRetryable = error instanceof TrunklineError && error.retryable;
    if (isRetryable && error.code !== 'out_of_order') {
      if (!this.#refused.has(room)) this.#refused.set(room, id);
    } else if (this.#refused.get(room) === id) {
      this.#refused.delete(room);
    }
  }

  skip(room: string, id: string): void {
    if (this.#refused.get(room) === id) this.#refused.delete(room);
  }
}

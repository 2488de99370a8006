import type { Connection } from './connection.js';

/** Who waits for a request, and how often: each that sent it again waits once more. Mostly one: a Map is made for the second. */
export class Waiters {
  #only: Connection | null;
  #times = 1;
  #more: Map<Connection, number> | null = null;
  /** The request is settled: its handler may go on, but nothing is told of it. */
  isOver = false;

  constructor(
    connection: Connection,
    /** The request's id, the same for all. */
    readonly id: string,
  ) {
    this.#only = connection;
  }

  get size(): number {
    return Number(this.#only !== null) + (this.#more?.size ?? 0);
  }

  has(connection: Connection): boolean {
    return connection === this.#only || this.#more?.has(connection) === true;
  }

  add(connection: Connection): void {
    if (connection === this.#only) {
      this.#times += 1;
      return;
    }
    this.#more ??= new Map();
    this.#more.set(connection, (this.#more.get(connection) ?? 0) + 1);
  }

  /** One of its waits is over. */
  remove(connection: Connection): void {
    const left = (connection === this.#only ? this.#times : (this.#more?.get(connection) ?? 0)) - 1;
    if (left <= 0) this.delete(connection);
    else if (connection === this.#only) this.#times = left;
    else this.#more?.set(connection, left);
  }

  /** @returns whether it waited */
  delete(connection: Connection): boolean {
    if (connection !== this.#only) return this.#more?.delete(connection) ?? false;
    this.#only = null;
    return true;
  }

  tellProgress(data: unknown): void {
    this.#only?.tell({ type: 'progress', ref: this.id, data });
    for (const connection of this.#more?.keys() ?? []) connection.tell({ type: 'progress', ref: this.id, data });
  }
}

import type { Connection } from './connection.js';

/** Who waits for a request, with the id each gave. Mostly one: a Map is made for the second. */
export class Waiters {
  #only: Connection | null;
  readonly #id: string;
  #more: Map<Connection, string> | null = null;

  constructor(connection: Connection, id: string) {
    this.#only = connection;
    this.#id = id;
  }

  get size(): number {
    return Number(this.#only !== null) + (this.#more?.size ?? 0);
  }

  has(connection: Connection): boolean {
    return this.idOf(connection) !== undefined;
  }

  idOf(connection: Connection): string | undefined {
    return connection === this.#only ? this.#id : this.#more?.get(connection);
  }

  add(connection: Connection, id: string): void {
    if (connection === this.#only) return;
    this.#more ??= new Map();
    this.#more.set(connection, id);
  }

  /** @returns whether it waited */
  delete(connection: Connection): boolean {
    if (connection !== this.#only) return this.#more?.delete(connection) ?? false;
    this.#only = null;
    return true;
  }

  tellProgress(data: unknown): void {
    this.#only?.tell({ type: 'progress', ref: this.#id, data });
    for (const [connection, ref] of this.#more ?? []) connection.tell({ type: 'progress', ref, data });
  }
}

/** One open connection, as operators see it. */
export interface RosterEntry {
  readonly connectionId: string;
  readonly nodeId: string;
  readonly userId: string;
  readonly dialect: string;
  readonly connectedAt: number;
  readonly rooms: readonly string[];
}
export interface RosterPage<T> {
  readonly items: readonly T[];
  /** Give it back for the next page; null: the end. */
  readonly next: string | null;
}
export interface RosterRoom {
  readonly room: string;
  readonly connections: number;
}

/** Connections and rooms over all nodes, from leased data: a dead node's rows run out, nobody is asked and waited for. */
export interface Roster {
  start(): Promise<void>;
  set(entry: RosterEntry): void;
  remove(connection: Pick<RosterEntry, 'connectionId' | 'userId'>): void;
  connections(query: RosterQuery): Promise<RosterPage<RosterEntry>>;
  rooms(query: RosterQuery): Promise<RosterPage<RosterRoom>>;
  /** Connections over all nodes. */
  count(): Promise<number>;
  close(): Promise<void>;
}
export interface RosterQuery {
  readonly cursor?: string;
  readonly limit: number;
  /** Only user ids or room names with this prefix. */
  readonly prefix?: string;
}

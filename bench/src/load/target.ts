/** The kinds of servers that can be measured. */
export type ServerName = 'trunkline' | 'socket.io' | 'ws' | 'ws-outbox' | 'bun';

/** A server under test as the load generator sees it. */
export interface Target {
  readonly server: ServerName;
  readonly port: number;
  readonly pid: number;
  /** Other nodes of the same cluster. */
  readonly peers?: readonly Target[];
}

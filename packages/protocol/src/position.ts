/**
 * A place in a room's log. `offset` counts 1, 2, 3 … without holes, 0 is "before the first"; `lastId` is the id of the
 * event at that offset ('' at 0); `epoch` names the life of the log. All three are checked on resume: after a Redis
 * failover offsets can be reused under the same epoch, and only the id shows it.
 */
export interface Position {
  readonly epoch: string;
  readonly offset: number;
  readonly lastId: string;
}

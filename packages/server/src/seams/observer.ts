/**
 * What the hub tells a metrics system; every function is optional, cheap and never throws. No user and no room name is
 * ever passed: labels stay few.
 */
export interface Observer {
  connectionOpened?(dialect: string): void;
  connectionClosed?(dialect: string, code: number): void;
  frameReceived?(dialect: string, bytes: number): void;
  /** One call per turn of the event loop; `writes` is how many connections were written to. */
  framesSent?(frames: number, bytes: number, writes: number): void;
  published?(kind: string, durable: boolean): void;
  /** Recipients of one event on this node. */
  delivered?(kind: string, recipients: number): void;
  /** From a publish frame's arrival to its ack. */
  acknowledged?(durationMs: number): void;
  /** From the event's timestamp to its write on this node. */
  deliveryDelay?(durationMs: number): void;
  dropped?(reason: 'backpressure' | 'conflated', count: number): void;
  resumed?(outcome: 'recovered' | 'trimmed' | 'epoch_changed' | 'rewound' | 'unknown_position'): void;
  gap?(cause: string): void;
  authFailed?(reason: string): void;
  limited?(limit: string): void;
  refused?(code: string): void;
  requestSettled?(outcome: 'ok' | 'error' | 'timeout' | 'cancelled', durationMs: number): void;
  brokerEvent?(event: 'reconnected' | 'resubscribed' | 'junk' | 'foreign_lost' | 'repaired' | 'canary_missed'): void;
  /** One command was sent to Redis, by its name in lower case. */
  redisCommand?(name: string): void;
  /** Age of the newest canary heard from this node itself, seconds. */
  canaryAge?(seconds: number): void;
}

import type { GapReason, Position } from '@trunkline/protocol';

/**
 * What a run's clients did and what their application callbacks saw, in the style of Jepsen: the checker judges this and
 * nothing else. `at` is microseconds of one monotonic clock, shared by every process of the machine.
 */
export type HistoryEntry =
  | {
      readonly type: 'invoke';
      readonly at: number;
      readonly client: string;
      readonly room: string;
      readonly uid: string;
      readonly seq: number;
    }
  /** The publish was acknowledged. */
  | {
      readonly type: 'ok';
      readonly at: number;
      readonly uid: string;
      readonly eventId: string;
      readonly epoch: string;
      readonly offset: number;
    }
  /** It certainly had and will have no effect. */
  | { readonly type: 'fail'; readonly at: number; readonly uid: string; readonly code: string }
  /** Nobody can know. */
  | { readonly type: 'unknown'; readonly at: number; readonly uid: string }
  /** A membership began here. */
  | {
      readonly type: 'start';
      readonly at: number;
      readonly client: string;
      readonly room: string;
      readonly position: Position;
    }
  | {
      readonly type: 'event';
      readonly at: number;
      readonly client: string;
      readonly room: string;
      readonly uid: string;
      readonly eventId: string;
      readonly epoch: string;
      readonly offset: number;
      /** The room the publisher named inside the data. */
      readonly intended: string;
    }
  | {
      readonly type: 'gap';
      readonly at: number;
      readonly client: string;
      readonly room: string;
      readonly reason: GapReason;
      readonly position: Position;
    }
  /** The membership ended on purpose: the leave was answered, and no event may follow. */
  | { readonly type: 'left'; readonly at: number; readonly client: string; readonly room: string }
  /** The client ended on purpose; nothing is owed to it from here on. */
  | { readonly type: 'end'; readonly at: number; readonly client: string }
  /** A try to connect again after a loss. */
  | { readonly type: 'retry'; readonly at: number; readonly client: string }
  /** From a lost connection, which had been open for so long, to the next welcome. */
  | {
      readonly type: 'resumed';
      readonly at: number;
      readonly client: string;
      readonly durationMs: number;
      readonly openMs: number;
    };

/** A room's log as it was read after the faults were healed and everything was quiet. */
export interface FinalLog {
  readonly room: string;
  readonly position: Position;
  /** Everything up to this offset is gone, as the log's bounds allow. */
  readonly trimmedOffset: number;
  readonly entries: readonly { readonly offset: number; readonly eventId: string; readonly uid: string }[];
}

export type Violation =
  | 'lost-acknowledged'
  | 'failed-but-present'
  | 'phantom'
  | 'store-duplicate'
  | 'store-hole'
  | 'duplicate-delivery'
  | 'delivery-after-leave'
  | 'delivery-after-revocation'
  | 'out-of-order'
  | 'publisher-order'
  | 'divergent-order'
  | 'real-time-order'
  | 'silent-gap'
  | 'silent-epoch-change'
  | 'cross-room-leak'
  | 'never-settled'
  | 'presence-wrong'
  | 'stalled';

export interface Finding {
  readonly violation: Violation;
  readonly room: string;
  readonly detail: string;
}

/** Microseconds of the machine's monotonic clock. */
export function monotonicMicros(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}

import { after, type Clock } from './clock.js';

export interface LivenessOptions {
  readonly clock: Clock;
  /** Silence after which the peer is dead: heartbeat interval + timeout. */
  readonly windowMs: number;
  /** Asks the peer for any frame. */
  readonly probe: () => void;
  readonly dead: () => void;
}

export interface Liveness {
  heard(): void;
  /** Is it still there? For after a sleep, and when the network came back. */
  check(): void;
  stop(): void;
}

/**
 * Any frame is life. A timer that fires late means that *we* slept, were throttled or blocked: then silence proves
 * nothing, and the peer gets a question and time for the answer.
 */
export function createLiveness({ clock, windowMs, probe, dead }: LivenessOptions): Liveness {
  const tickMs = 5_000;
  const lateMs = 2_000;
  const probeMs = 5_000;
  let deadline = clock.now() + windowMs;
  let probing = false;
  let cancel = schedule();

  function schedule(): () => void {
    const due = Math.min(clock.now() + tickMs, deadline);
    return after(clock, due - clock.now(), () => tick(due));
  }
  function tick(due: number): void {
    const now = clock.now();
    if (now - due > lateMs) check(true);
    else if (now >= deadline) dead();
    else cancel = schedule();
  }
  function check(wasLate: boolean): void {
    cancel();
    if (!probing || wasLate) deadline = clock.now() + Math.min(probeMs, windowMs);
    if (!probing) probe();
    probing = true;
    cancel = schedule();
  }
  return {
    heard() {
      probing = false;
      deadline = clock.now() + windowMs;
    },
    check: () => check(false),
    stop: () => cancel(),
  };
}

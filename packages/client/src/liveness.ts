import { after, type Clock, steady } from './clock.js';

export interface Link {
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
 * nothing, and the peer gets a question and time for the answer. It is dead after `windowMs` of silence: heartbeat
 * interval + timeout.
 */
export function createLiveness(clock: Clock, windowMs: number, { probe, dead }: Link): Liveness {
  const now = steady(clock);
  let deadline = 0;
  let probing = false;
  let cancel = () => {};

  function schedule(): void {
    const tickMs = 5_000;
    const lateMs = 2_000;
    const due = Math.min(now() + tickMs, deadline);
    cancel = after(clock, due - now(), () => {
      if (now() - due > lateMs) check(true);
      else if (now() >= deadline) dead();
      else schedule();
    });
  }
  function check(wasLate = false): void {
    const probeMs = 5_000;
    cancel();
    if (!probing || wasLate) deadline = now() + Math.min(probeMs, windowMs);
    if (!probing) probe();
    probing = true;
    schedule();
  }
  function heard(): void {
    probing = false;
    deadline = now() + windowMs;
  }
  heard();
  schedule();
  return { heard, check, stop: () => cancel() };
}

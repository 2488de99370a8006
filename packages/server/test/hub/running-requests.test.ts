import { expect, test, vi } from 'vitest';
import type { Connection } from '../../src/hub/connection.js';
import { LazyAbort } from '../../src/hub/lazy-abort.js';
import { RunningRequest } from '../../src/hub/running-request.js';
import { Waiters } from '../../src/hub/waiters.js';

test('a request without a connection of its own runs on while another node waits for it', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    let isAwaited = true;
    const abort = new LazyAbort();
    const connection = {} as Connection;
    const waiters = new Waiters(connection, 'q1');
    const isAwaitedElsewhere = async () => isAwaited;
    const running = new RunningRequest(
      { data: {}, abort, waiters, bound: false, isAwaitedElsewhere },
      new Promise(() => undefined),
    );
    running.gone(connection);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(abort.signal.aborted).toBe(false);
    isAwaited = false;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(abort.signal.reason).toMatchObject({ code: 'cancelled' });
  } finally {
    vi.useRealTimers();
  }
});

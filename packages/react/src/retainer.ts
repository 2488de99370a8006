/**
 * Runs `start` for the first who asks and what it answered after the last has gone. The end waits for a microtask: what
 * StrictMode, hot reload or a change of parents takes down and puts up again in one go keeps what it has.
 */
export function createRetainer(start: () => () => void): () => () => void {
  let users = 0;
  let stop: (() => void) | undefined;
  return () => {
    users++;
    stop ??= start();
    let released = false;
    return () => {
      if (released) return;
      released = true;
      users--;
      queueMicrotask(() => {
        if (users > 0 || !stop) return;
        stop();
        stop = undefined;
      });
    };
  };
}

import { SingleBar } from 'cli-progress';

export interface Progress {
  /** Begins a stretch of work. */
  begin(what: string, total: number): void;
  advance(done: number): void;
  stop(): void;
}

/** A bar on standard error, where that is a terminal. */
export function createProgress(silent: boolean): Progress {
  if (silent || !process.stderr.isTTY) return { begin: () => {}, advance: () => {}, stop: () => {} };
  const bar = new SingleBar({
    format: '{what} {bar} {percentage}% {value}/{total}',
    stream: process.stderr,
    clearOnComplete: true,
  });
  return {
    begin(what, total) {
      bar.stop();
      bar.start(total, 0, { what: what.padEnd(12) });
    },
    advance: (done) => bar.update(done),
    stop: () => bar.stop(),
  };
}

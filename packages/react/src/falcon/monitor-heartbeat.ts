export interface HeartbeatParts {
  /** Asks for a sign of life. */
  readonly ask: () => void;
  /** None came. */
  readonly dead: () => void;
}

export interface Heartbeat {
  /** Any message counts. */
  heard(): void;
  stop(): void;
}

const INTERVAL_MS = 25_000;
const TIMEOUT_MS = 10_000;

/** Asks after 25 s of silence, and gives up 10 s later: a page can't see WebSocket pings. */
export function monitorHeartbeat({ ask, dead }: HeartbeatParts): Heartbeat {
  let timer: ReturnType<typeof setTimeout> | undefined;
  function heard(): void {
    clearTimeout(timer);
    timer = setTimeout(() => {
      ask();
      timer = setTimeout(dead, TIMEOUT_MS);
    }, INTERVAL_MS);
  }
  return { heard, stop: () => clearTimeout(timer) };
}

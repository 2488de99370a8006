import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { freePort } from './free-port.js';
import { createProxiedPair, type Direction, type Faults, type ProxiedPair } from './proxied-pair.js';

export interface FaultProxyOptions {
  readonly targetPort: number;
  /** @default '127.0.0.1' */
  readonly targetHost?: string;
}

export interface ProxyCounts {
  /** Connections ever accepted, refused ones not included. */
  connections: number;
  refused: number;
  cuts: number;
  swallowed: number;
  bytesUp: number;
  bytesDown: number;
}

/** A TCP proxy that misbehaves on command. `up` is towards the target, `down` towards who connected. */
export interface FaultProxy extends AsyncDisposable {
  readonly port: number;
  readonly counts: Readonly<ProxyCounts>;
  /** Connections open now. */
  readonly open: number;
  /** Ends every connection as a closing process does (FIN). */
  cut(): void;
  /** Resets every connection (RST). */
  rstAll(): void;
  /** Holds each byte for so long, from now on. */
  delay(ms: number, direction?: Direction | 'both'): void;
  /** Lets no byte through and closes nothing, new connections included, until `heal`; then held bytes go on, as TCP would. */
  blackhole(direction: Direction | 'both'): void;
  /** A black hole, until `heal`, for every connection that has sent what matches, and for each that will. */
  blackholeThat(matches: (sent: string) => boolean): void;
  /** One open connection, by what it has sent. `hold` is a black hole for it alone, for good. @throws {Error} when there is none */
  connectionThat(matches: (sent: string) => boolean): Pick<ProxiedPair, 'hold' | 'reset' | 'end'>;
  /** Ends delays, black holes and pending cuts; connections stay. */
  heal(): void;
  /** Resets the connection that next carries its n-th byte, counted from now, in that direction; exactly n pass. */
  cutAfter(direction: Direction, bytes: number): void;
  /** Resets the next n connections as they come. */
  refuseNext(connections: number): void;
  /** Stops listening: connections are refused by the kernel. Open ones stay. */
  down(): Promise<void>;
  /** Listens again on the same port. */
  up(): Promise<void>;
  /** Lets the next request that `matches` through, drops what the target answers, and resets the connection. */
  swallowReply(matches?: (request: Buffer) => boolean): void;
}

export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const counts: ProxyCounts = { connections: 0, refused: 0, cuts: 0, swallowed: 0, bytesUp: 0, bytesDown: 0 };
  const faults: Faults = {
    delayMs: { up: 0, down: 0 },
    held: { up: false, down: false },
    cutAfter: undefined,
    swallow: undefined,
    heldThat: undefined,
  };
  const pairs = new Set<ProxiedPair>();
  let refusals = 0;
  // Its own to keep: it may stop listening and come back.
  const port = await freePort();

  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client: Socket) => {
    client.on('error', () => undefined);
    if (refusals > 0) {
      refusals -= 1;
      counts.refused += 1;
      client.resetAndDestroy();
      return;
    }
    counts.connections += 1;
    const target = connect({ port: options.targetPort, host: options.targetHost ?? '127.0.0.1', allowHalfOpen: true });
    const pair = createProxiedPair(client, target, { faults, counts, onEnd: () => pairs.delete(pair) });
    pairs.add(pair);
  });
  const listen = async (): Promise<void> => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  const unlisten = async (): Promise<void> => {
    if (!server.listening) return;
    // `close` calls back only after the last connection; here only the listening ends.
    server.close();
    await new Promise(setImmediate);
  };
  await listen();

  return {
    port,
    counts,
    get open() {
      return pairs.size;
    },
    cut() {
      counts.cuts += pairs.size;
      for (const pair of pairs) pair.end();
    },
    rstAll() {
      counts.cuts += pairs.size;
      for (const pair of pairs) pair.reset();
    },
    delay(ms, direction = 'both') {
      if (direction !== 'down') faults.delayMs.up = ms;
      if (direction !== 'up') faults.delayMs.down = ms;
    },
    blackhole(direction) {
      if (direction !== 'down') faults.held.up = true;
      if (direction !== 'up') faults.held.down = true;
      for (const pair of pairs) pair.refresh();
    },
    blackholeThat(matches) {
      faults.heldThat = matches;
      for (const pair of pairs) pair.refresh();
    },
    connectionThat(matches) {
      for (const pair of pairs) if (matches(pair.sent)) return pair;
      throw new Error(`none of ${pairs.size} connections matches`);
    },
    heal() {
      faults.delayMs = { up: 0, down: 0 };
      faults.held = { up: false, down: false };
      faults.cutAfter = undefined;
      faults.swallow = undefined;
      faults.heldThat = undefined;
      for (const pair of pairs) pair.refresh();
    },
    cutAfter(direction, bytes) {
      faults.cutAfter = { direction, left: bytes };
    },
    refuseNext(connections) {
      refusals = connections;
    },
    down: unlisten,
    up: listen,
    swallowReply(matches = () => true) {
      faults.swallow = matches;
    },
    async [Symbol.asyncDispose]() {
      for (const pair of pairs) pair.reset();
      await unlisten();
    },
  };
}

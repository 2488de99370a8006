import type { Socket } from 'node:net';
import type { ProxyCounts } from './fault-proxy.js';

export type Direction = 'up' | 'down';

/** What is wrong at the moment; shared by all connections of a proxy. */
export interface Faults {
  delayMs: Record<Direction, number>;
  held: Record<Direction, boolean>;
  cutAfter: { readonly direction: Direction; left: number } | undefined;
  swallow: ((request: Buffer) => boolean) | undefined;
  /** Connections that sent this get and say nothing. */
  heldThat: ((sent: string) => boolean) | undefined;
}

/** One connection through the proxy. */
export interface ProxiedPair {
  end(): void;
  reset(): void;
  /** The black holes changed. */
  refresh(): void;
  /** The first 64 kB that went up. */
  readonly sent: string;
  /** A black hole for this connection alone. */
  hold(direction: Direction | 'both'): void;
}

interface PairOptions {
  readonly faults: Faults;
  readonly counts: ProxyCounts;
  onEnd(): void;
}

export function createProxiedPair(client: Socket, target: Socket, { faults, counts, onEnd }: PairOptions): ProxiedPair {
  let over = false;
  let swallowing = false;
  let sent = '';
  const held: Record<Direction, boolean> = { up: false, down: false };

  function reset(): void {
    if (over) return;
    over = true;
    resetOrClose(client);
    resetOrClose(target);
    onEnd();
  }

  function relay(from: Socket, to: Socket, direction: Direction): void {
    let lastAt = 0;
    // Behind the last byte before a cut nothing may follow until the reset: TCP leaves no bytes out.
    let isCut = false;
    from.on('data', (chunk: Buffer) => {
      if (over || isCut) return;
      if (direction === 'up' && sent.length < 65_536) sent += chunk.toString('latin1');
      if (direction === 'up' && faults.heldThat !== undefined) refresh();
      if (direction === 'up' && faults.swallow?.(chunk) === true) {
        faults.swallow = undefined;
        swallowing = true;
      }
      if (direction === 'down' && swallowing) {
        counts.swallowed += 1;
        counts.cuts += 1;
        reset();
        return;
      }
      const rule = faults.cutAfter?.direction === direction ? faults.cutAfter : undefined;
      const passed = rule === undefined ? chunk : chunk.subarray(0, rule.left);
      if (rule !== undefined) rule.left -= passed.length;
      counts[direction === 'up' ? 'bytesUp' : 'bytesDown'] += passed.length;
      const cut = rule !== undefined && rule.left === 0;
      if (cut) {
        isCut = true;
        faults.cutAfter = undefined;
      }
      const now = performance.now();
      lastAt = Math.max(lastAt, now + faults.delayMs[direction]);
      if (lastAt <= now) pass(passed, to, cut);
      else setTimeout(pass, lastAt - now, passed, to, cut);
    });
    from.on('end', () => to.end());
    from.on('error', reset);
    from.on('close', () => {
      if (over) return;
      over = true;
      // What was already read still has to leave; a socket that never drains is not worth waiting for.
      to.end();
      setTimeout(() => to.destroy(), 100).unref();
      onEnd();
    });
  }

  function pass(chunk: Buffer, to: Socket, cut: boolean): void {
    if (over) return;
    if (!cut) {
      to.write(chunk);
      return;
    }
    counts.cuts += 1;
    to.write(chunk, () => {
      // The reset must not overtake the bytes in the receiver's kernel.
      setTimeout(reset, 20);
    });
  }

  function refresh(): void {
    const isMeant = faults.heldThat?.(sent) === true;
    hold(client, isMeant || faults.held.up || held.up);
    hold(target, isMeant || faults.held.down || held.down);
  }

  client.setNoDelay(true);
  target.setNoDelay(true);
  relay(client, target, 'up');
  relay(target, client, 'down');
  refresh();
  return {
    end() {
      if (over) return;
      over = true;
      client.destroy();
      target.destroy();
      onEnd();
    },
    reset,
    refresh,
    get sent() {
      return sent;
    },
    hold(direction) {
      if (direction !== 'down') held.up = true;
      if (direction !== 'up') held.down = true;
      refresh();
    },
  };
}

/** One that is being ended can only be closed: libuv refuses to reset it, and Node 20 then loses the handle, open. */
function resetOrClose(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}

function hold(socket: Socket, held: boolean): void {
  if (held) socket.pause();
  else socket.resume();
}
